//! One change to a module that cares for nothing: the verifier must see what it has done.

use super::anatomy::constructor::{LIST, MAP, PRODUCT, SUM};
use super::anatomy::{Anatomy, Code};
use crate::generate::Mixer;

/// Changes one thing; `other` is a module to take pieces from.
pub(super) fn careless(module: &mut Anatomy, other: &Anatomy, mixer: &mut Mixer) -> Option<()> {
    match mixer.below(14) {
        0..=3 => operand(module, mixer),
        4..=6 => stretch(module, other, mixer),
        7 | 8 => instruction(module, mixer),
        9 => signature(module, mixer),
        10 => functions_swapped(module, mixer),
        11 => exports(module, mixer),
        _ => types(module, mixer),
    }
}

fn place(module: &Anatomy, mixer: &mut Mixer) -> Option<(usize, usize)> {
    let function = mixer.below(module.functions.len().max(1));
    let length = module.functions.get(function)?.code.len();
    (length > 0).then(|| (function, mixer.below(length)))
}

/// An operand goes up or down, or becomes a small number or that of another instruction.
fn operand(module: &mut Anatomy, mixer: &mut Mixer) -> Option<()> {
    for _ in 0..8 {
        let (function, at) = place(module, mixer)?;
        let kinds = module.functions[function].code[at].row().kinds.len();
        if kinds == 0 {
            continue;
        }
        let index = mixer.below(kinds);
        let small = i64::try_from(mixer.below(24)).ok()?;
        let (from, there) = place(module, mixer)?;
        let borrowed = module.functions[from].code[there].operands[0];
        let own = &mut module.functions[function].code[at].operands[index];
        *own = match mixer.below(5) {
            0 | 1 => own.wrapping_add(1),
            2 => own.wrapping_sub(1).max(0),
            3 => small,
            _ => borrowed,
        };
        return Some(());
    }
    None
}

/// A stretch of code is left out, doubled, moved, or taken from another function or module.
fn stretch(module: &mut Anatomy, other: &Anatomy, mixer: &mut Mixer) -> Option<()> {
    let (function, at) = place(module, mixer)?;
    let length = 1 + mixer.below(6);
    let code = &module.functions[function].code;
    let own = code[at..(at + length).min(code.len())].to_vec();
    let end = at + own.len();
    let whole = &mut module.functions[function].code;
    match mixer.below(4) {
        0 => drop(whole.drain(at..end)),
        1 => drop(whole.splice(at..at, own)),
        2 => {
            whole.drain(at..end);
            let to = mixer.below(whole.len() + 1);
            whole.splice(to..to, own);
        }
        _ => {
            let from = if mixer.below(2) == 0 {
                other
            } else {
                &module.clone()
            };
            let (strange, there) = place(from, mixer)?;
            let code = &from.functions[strange].code;
            let taken: Vec<Code> = code[there..(there + length).min(code.len())].to_vec();
            let end = if mixer.below(2) == 0 { at } else { end };
            module.functions[function].code.splice(at..end, taken);
        }
    }
    Some(())
}

/// Another opcode in the same place.
fn instruction(module: &mut Anatomy, mixer: &mut Mixer) -> Option<()> {
    let (function, at) = place(module, mixer)?;
    let row = mixer.below(cam::instruction::TABLE.len());
    module.functions[function].code[at].row = row;
    Some(())
}

fn signature(module: &mut Anatomy, mixer: &mut Mixer) -> Option<()> {
    let (function, _) = place(module, mixer)?;
    let id = mixer.below(module.types.len());
    let body = &mut module.functions[function];
    if mixer.below(2) == 0 {
        body.domain = id;
    } else {
        body.codomain = id;
    }
    Some(())
}

fn functions_swapped(module: &mut Anatomy, mixer: &mut Mixer) -> Option<()> {
    let count = module.functions.len();
    let [left, right] = [0; 2].map(|_| mixer.below(count.max(1)));
    (left != right).then(|| module.functions.swap(left, right))
}

fn exports(module: &mut Anatomy, mixer: &mut Mixer) -> Option<()> {
    let index = mixer.below(module.exports.len().max(1));
    let function = mixer.below(module.functions.len().max(1));
    let role = u8::try_from(mixer.below(14)).ok()?;
    match mixer.below(4) {
        0 => module.exports.get_mut(index)?.1 = function,
        1 => module.exports.get_mut(index)?.0 = role,
        2 => {
            module.exports.push((role, function));
            module.exports.sort_unstable();
        }
        _ => drop(module.exports.pop()),
    }
    Some(())
}

/// An entry of the table of types gets another constructor, part or length.
fn types(module: &mut Anatomy, mixer: &mut Mixer) -> Option<()> {
    let count = module.types.len();
    let declared = count.checked_sub(6).filter(|declared| *declared > 0)?;
    let id = 6 + mixer.below(declared);
    let part = mixer.below(count);
    let form = &mut module.types[id];
    let length = form.operands.len();
    match mixer.below(5) {
        0 => form.constructor = [PRODUCT, SUM, LIST, MAP][mixer.below(4)],
        1 | 2 if length > 0 => form.operands[mixer.below(length)] = part,
        3 => form.operands.push(part),
        _ => drop(form.operands.pop()),
    }
    Some(())
}
