//! Migrations that keep something: between states that have types in common.

use cam::combinator::{Combinators, Draft, Role};
use cam::types::TypeId;

use super::arrow::Generator;
use super::{Choices, any_type};

const DEPTH: u32 = 4;

/// A migration between two states of three parts. Some parts of the new state are of types that the old one has:
/// between unrelated types hardly anything is kept.
///
/// # Panics
/// Never: the arrows start at the old state.
#[must_use]
pub fn migration(choices: &mut Choices) -> Combinators {
    let mut draft = Draft::new();
    let old: Vec<TypeId> = (0..3)
        .map(|_| any_type(&mut draft.types, choices, 2))
        .collect();
    let new: Vec<TypeId> = (0..3)
        .map(|_| match choices.once_in(3) {
            true => any_type(&mut draft.types, choices, 2),
            false => old[choices.pick(old.len())],
        })
        .collect();
    let from = draft.types.product(&old);
    let mut generator = Generator::new(draft, choices, None);
    let parts: Vec<_> = new
        .iter()
        .map(|part| generator.arrow(from, *part, DEPTH))
        .collect();
    let mut draft = generator.draft;
    let arrow = draft
        .tuple(from, &parts)
        .expect("all start at the old state");
    let main = draft.define("main", arrow).expect("it is pure");
    Combinators {
        draft,
        exports: vec![(Role::Migrate, main)],
        schema: None,
    }
}
