//! Moves that happen at once, as moves one after the other.

use std::collections::BTreeMap;

use crate::register::code::{Register, SCRATCH};

/// A word that goes to a register; a handle that stays in use where it is goes as a duplicate.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Move {
    pub(super) to: Register,
    pub(super) from: Register,
    pub(super) duplicate: bool,
}

/// Orders moves so that none overwrites what another still reads; a ring goes through the scratch
/// register. Every target is written once. Takes time of the number of moves and its logarithm.
pub(super) fn in_sequence(moves: impl IntoIterator<Item = Move>) -> Vec<Move> {
    let mut moves: Vec<Move> = moves
        .into_iter()
        .filter(|own| own.to != own.from || own.duplicate)
        .collect();
    let mut readers: BTreeMap<Register, Vec<usize>> = BTreeMap::new();
    let mut targets: BTreeMap<Register, usize> = BTreeMap::new();
    for (index, own) in moves.iter().enumerate() {
        readers.entry(own.from).or_default().push(index);
        targets.insert(own.to, index);
    }
    let mut unread: BTreeMap<Register, usize> = readers
        .iter()
        .map(|(register, own)| (*register, own.len()))
        .collect();
    let read_by_itself = |own: &Move| usize::from(own.to == own.from);
    let mut ready: Vec<usize> = (0..moves.len())
        .filter(|index| {
            let own = &moves[*index];
            unread.get(&own.to).copied().unwrap_or(0) == read_by_itself(own)
        })
        .collect();
    let mut ordered = Vec::with_capacity(moves.len() + 1);
    loop {
        while let Some(index) = ready.pop() {
            let own = moves[index];
            ordered.push(own);
            targets.remove(&own.to);
            let left = unread.get_mut(&own.from).map(|left| {
                *left -= 1;
                *left
            });
            if let Some(next) = targets.get(&own.from) {
                let waiting = &moves[*next];
                if left == Some(read_by_itself(waiting)) {
                    ready.push(*next);
                }
            }
        }
        let Some((register, index)) = targets.iter().next().map(|(to, index)| (*to, *index)) else {
            return ordered;
        };
        ordered.push(Move {
            to: SCRATCH,
            from: register,
            duplicate: false,
        });
        let waiting = readers.remove(&register).unwrap_or_default();
        for reader in waiting {
            if targets.contains_key(&moves[reader].to) {
                moves[reader].from = SCRATCH;
                *unread.entry(SCRATCH).or_default() += 1;
            }
        }
        unread.insert(register, 0);
        ready.push(index);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(pairs: &[(Register, Register)]) {
        let plain = |(to, from): &(Register, Register)| Move {
            to: *to,
            from: *from,
            duplicate: false,
        };
        let mut registers: Vec<Register> = (0..20).map(|index| index + 100).collect();
        let before = registers.clone();
        for own in in_sequence(pairs.iter().map(plain)) {
            registers[usize::from(own.to)] = registers[usize::from(own.from)];
        }
        for (to, from) in pairs {
            assert_eq!(
                registers[usize::from(*to)],
                before[usize::from(*from)],
                "{pairs:?}"
            );
        }
    }

    #[test]
    fn chains_and_rings_keep_every_value() {
        check(&[(1, 2), (2, 3), (3, 4)]);
        check(&[(4, 3), (3, 2), (2, 1)]);
        check(&[(1, 2), (2, 1)]);
        check(&[(1, 2), (2, 3), (3, 1), (5, 1), (6, 1), (7, 7)]);
        check(&[(1, 2), (2, 1), (3, 4), (4, 5), (5, 3), (9, 3)]);
    }
}
