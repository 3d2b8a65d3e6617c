//! The hot loop: the operations on words, the jumps, and the walk over integers.
//!
//! It has little at hand, so that the code and the registers stay in machine registers, and hands every
//! other operation on containers to its caller. A register's number is 16 bits and there are
//! 2^16 registers, so their accesses need no check.

use crate::fuel::Fuel;
use crate::library;
use crate::register::Stopped;
use crate::register::code::{Code, Op, Register, Three, Unless};
use crate::register::execute::Registers;
use crate::register::heap::Heap;

/// Runs until an operation is not its own: that operation, with `at` behind it. Nothing when the outermost
/// function has ended.
pub(super) fn run(
    code: &Code,
    registers: &mut Registers,
    heap: &mut Heap,
    fuel: &mut Fuel,
    at: &mut usize,
) -> Result<Option<Op>, Stopped> {
    let ops = &*code.ops;
    let mut here = *at;
    loop {
        let op = *ops.get(here).ok_or(Stopped)?;
        here += 1;
        match op {
            Op::Move { to, from } => registers[usize::from(to)] = registers[usize::from(from)],
            Op::Moves { count, start } => {
                let start = start as usize;
                let moves = code.moves.get(start..start + usize::from(count));
                for (to, from) in moves.ok_or(Stopped)? {
                    registers[usize::from(*to)] = registers[usize::from(*from)];
                }
            }
            Op::Add(own) => checked(registers, own, i64::checked_add)?,
            Op::Subtract(own) => checked(registers, own, i64::checked_sub)?,
            Op::Multiply(own) => checked(registers, own, i64::checked_mul)?,
            Op::DivideBy(own) => {
                registers[usize::from(own.to)] = divided(code, registers, own)?.0;
            }
            Op::RemainderBy(own) => {
                registers[usize::from(own.to)] = divided(code, registers, own)?.1;
            }
            Op::AddWrapping(own) => total(registers, own, i64::wrapping_add),
            Op::And(own) => total(registers, own, |left, right| left & right),
            Op::Less(own) => total(registers, own, |left, right| i64::from(left < right)),
            Op::LessOrEqual(own) => total(registers, own, |left, right| i64::from(left <= right)),
            Op::Equal(own) => total(registers, own, |left, right| i64::from(left == right)),
            Op::UnlessLess(own) => here = unless(registers, here, own, |l, r| l < r),
            Op::UnlessLessOrEqual(own) => here = unless(registers, here, own, |l, r| l <= r),
            Op::UnlessEqual(own) => here = unless(registers, here, own, |l, r| l == r),
            Op::Jump { to } => here = to as usize,
            Op::JumpIf { word, to } if registers[usize::from(word)] != 0 => here = to as usize,
            Op::JumpUnless { word, to } if registers[usize::from(word)] == 0 => here = to as usize,
            Op::JumpIf { .. } | Op::JumpUnless { .. } => {}
            Op::Switch { word, table } => {
                here = arm(code, table, registers[usize::from(word)])?;
            }
            Op::AdvanceWord { to, walk } => {
                let next = heap.next_word(registers[usize::from(walk)])?;
                registers[usize::from(to)] = i64::from(next.is_some());
                registers[usize::from(to.wrapping_add(1))] = next.unwrap_or(0);
            }
            Op::GetNumber { .. } => get_number(registers, heap, op)?,
            Op::PutNumber { .. } => put_number(registers, heap, fuel, op)?,
            Op::Charge { cost } => {
                let cost = code.costs.get(cost as usize).ok_or(Stopped)?;
                fuel.charge(*cost).map_err(|_| Stopped)?;
            }
            Op::Call { function } => here = called(code, registers, here, function)?,
            Op::Return { link } => match usize::try_from(registers[usize::from(link)]) {
                Ok(back) => here = back,
                Err(_) => return Ok(None),
            },
            Op::Stop => return Err(Stopped),
            other => {
                *at = here;
                return Ok(Some(other));
            }
        }
    }
}

#[inline(never)]
fn get_number(registers: &mut Registers, heap: &mut Heap, op: Op) -> Result<(), Stopped> {
    let Op::GetNumber { to, map, key, last } = op else {
        return Err(Stopped);
    };
    let handle = word(registers, map);
    let found = heap.map(handle)?.number(word(registers, key));
    heap.release(handle, last);
    registers[usize::from(to)] = i64::from(found.is_some());
    registers[usize::from(to.wrapping_add(1))] = found.unwrap_or(0);
    Ok(())
}

#[inline(never)]
fn put_number(
    registers: &Registers,
    heap: &mut Heap,
    fuel: &mut Fuel,
    op: Op,
) -> Result<(), Stopped> {
    let Op::PutNumber {
        map,
        key,
        value,
        charged,
    } = op
    else {
        return Err(Stopped);
    };
    let handle = word(registers, map);
    if charged {
        library::charge_number_change(fuel, heap.map(handle)?).map_err(|_| Stopped)?;
    }
    heap.insert_number(handle, word(registers, key), word(registers, value))
}

#[inline]
fn word(registers: &Registers, register: Register) -> i64 {
    registers[usize::from(register)]
}

#[inline]
fn total(registers: &mut Registers, own: Three, function: impl Fn(i64, i64) -> i64) {
    registers[usize::from(own.to)] =
        function(word(registers, own.left), word(registers, own.right));
}

#[inline]
fn checked(
    registers: &mut Registers,
    own: Three,
    function: impl Fn(i64, i64) -> Option<i64>,
) -> Result<(), Stopped> {
    let result = function(word(registers, own.left), word(registers, own.right));
    registers[usize::from(own.to)] = result.ok_or(Stopped)?;
    Ok(())
}

/// Where a function starts, with the way back in its link.
fn called(
    code: &Code,
    registers: &mut Registers,
    here: usize,
    function: u32,
) -> Result<usize, Stopped> {
    let routine = code.routines.get(function as usize);
    let routine = routine.and_then(Option::as_ref).ok_or(Stopped)?;
    registers[usize::from(routine.link)] = i64::try_from(here).map_err(|_| Stopped)?;
    Ok(routine.entry as usize)
}

/// `distance` counts from the jump itself, and `here` is one further.
#[inline]
fn unless(
    registers: &Registers,
    here: usize,
    own: Unless,
    holds: impl Fn(i64, i64) -> bool,
) -> usize {
    if holds(word(registers, own.left), word(registers, own.right)) {
        here
    } else {
        here - 1 + usize::from(own.distance)
    }
}

fn arm(code: &Code, table: u32, word: i64) -> Result<usize, Stopped> {
    let table = code.tables.get(table as usize).ok_or(Stopped)?;
    let arm = usize::try_from(word).map_err(|_| Stopped)?;
    let to = table.get(arm).ok_or(Stopped)?;
    Ok(*to as usize)
}

/// Quotient and remainder by the constant in an entry of the table.
#[inline]
fn divided(code: &Code, registers: &Registers, own: Three) -> Result<(i64, i64), Stopped> {
    let divisor = code.divisors.get(usize::from(own.right)).ok_or(Stopped)?;
    Ok(divisor.divide(word(registers, own.left)))
}
