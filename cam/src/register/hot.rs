//! The hot loop: the operations on words, the jumps, and the walk over integers.
//!
//! It has little at hand, so that the code and the registers stay in machine registers, and hands every
//! other operation on containers to its caller. A register's number is 16 bits and there are
//! 2^16 registers, so their accesses need no check.

use crate::fuel::Fuel;
use crate::library;
use crate::register::Stopped;
use crate::register::code::{Code, Divisor, Op, Register, Three, Unless};
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
                let (quotient, _) = divided(code, own.right, word(registers, own.left))?;
                registers[usize::from(own.to)] = quotient;
            }
            Op::RemainderBy(own) => {
                let (_, remainder) = divided(code, own.right, word(registers, own.left))?;
                registers[usize::from(own.to)] = remainder;
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
            Op::Call { function } => {
                let routine = code.routines.get(function as usize);
                let routine = routine.and_then(Option::as_ref).ok_or(Stopped)?;
                registers[usize::from(routine.link)] = i64::try_from(here).map_err(|_| Stopped)?;
                here = routine.entry as usize;
            }
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

/// Euclidean quotient and remainder by a constant above zero.
///
/// With `r` the reciprocal rounded down and a magnitude up to 2^63, `magnitude * r / 2^64` is the quotient or
/// one less, so one correction is enough. What is below zero is rounded down, and the remainder goes up.
#[inline]
fn divided(code: &Code, entry: Register, left: i64) -> Result<(i64, i64), Stopped> {
    let divisor = code.divisors.get(usize::from(entry));
    let Divisor {
        divisor,
        reciprocal,
    } = *divisor.ok_or(Stopped)?;
    let magnitude = left.unsigned_abs();
    let quotient = (u128::from(magnitude) * u128::from(reciprocal)) >> 64;
    let mut quotient = u64::try_from(quotient).map_err(|_| Stopped)?;
    let mut remainder = magnitude.wrapping_sub(quotient.wrapping_mul(divisor));
    if remainder >= divisor {
        remainder -= divisor;
        quotient += 1;
    }
    if left >= 0 {
        return Ok((quotient.cast_signed(), remainder.cast_signed()));
    }
    if remainder > 0 {
        remainder = divisor - remainder;
        quotient += 1;
    }
    Ok((
        quotient.wrapping_neg().cast_signed(),
        remainder.cast_signed(),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ssa::slots::Layouts;
    use crate::types::TypeTable;

    /// A program of nothing but one divisor.
    fn dividing_by(divisor: i64) -> Code {
        Code {
            ops: Box::default(),
            sites: Box::default(),
            tables: Box::default(),
            moves: Box::default(),
            costs: Box::default(),
            divisors: Box::new([Divisor::new(divisor).expect("above zero")]),
            routines: Box::default(),
            words: Box::default(),
            containers: Box::default(),
            layouts: Layouts::new(&TypeTable::new()),
            used: 0,
            spare: crate::register::spare::Spare::default(),
        }
    }

    #[test]
    fn division_by_a_constant_is_division_at_every_edge() {
        let edges = [
            0,
            1,
            2,
            3,
            63,
            64,
            1000,
            1_000_003,
            1 << 32,
            (1 << 32) + 1,
            i64::MAX,
        ];
        let lefts = edges
            .iter()
            .flat_map(|edge| [*edge, -*edge, *edge - 1, 1 - *edge]);
        let lefts: Vec<i64> = lefts.chain([i64::MIN, i64::MIN + 1]).collect();
        for divisor in edges.into_iter().filter(|divisor| *divisor > 0) {
            let code = dividing_by(divisor);
            for left in &lefts {
                let right = (left.div_euclid(divisor), left.rem_euclid(divisor));
                assert_eq!(divided(&code, 0, *left), Ok(right), "{left} by {divisor}");
            }
        }
    }
}
