//! The table's effects read as patterns of types: what an instruction takes and what it leaves.
//!
//! The mutators learn the typing of straight-line instructions from the table's own words, not from the
//! verifier, so a row whose words and rule differ shows up as mutants that are refused.

use std::iter::Peekable;
use std::sync::LazyLock;

use cam::instruction::TABLE;
use cam::types::{BOOL, BYTES, INT, ORDERING, TEXT, UNIT};

use super::anatomy::Anatomy;
use super::anatomy::constructor::{FUNCTION, LIST, MAP, PRODUCT, SUM};

/// A type with variables.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Pattern {
    /// `a b c` any, `d e k` data: the letter counted from `a`.
    Variable(usize),
    /// A predeclared type.
    Exact(usize),
    /// A constructor and its operands.
    Made(u8, Vec<Pattern>),
}

/// What an instruction does to register and stack.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Effect {
    /// The register before.
    pub register: Pattern,
    /// What is taken from the stack, top first.
    pub taken: Vec<Pattern>,
    /// The register after.
    pub result: Pattern,
}

/// What each variable stands for.
pub type Bindings = [Option<usize>; 26];

/// The effects of the table's rows, in order; nothing where the words are beyond this reader.
pub static EFFECTS: LazyLock<Vec<Option<Effect>>> =
    LazyLock::new(|| TABLE.iter().map(|row| Effect::read(row.effect)).collect());

impl Effect {
    /// Reads `(r; s1:s2:S) -> (x; S)`, after which anything may follow.
    #[must_use]
    pub fn read(text: &str) -> Option<Effect> {
        let (before, after) = text.split_once(" -> ")?;
        let (register, stack) = bracketed(before)?;
        let (result, left) = bracketed(after)?;
        let taken: Option<Vec<Pattern>> = match stack.strip_suffix('S')?.strip_suffix(':') {
            None => Some(Vec::new()),
            Some(taken) => taken.split(':').map(Pattern::read).collect(),
        };
        let effect = Effect {
            register: Pattern::read(register)?,
            taken: taken?,
            result: Pattern::read(result)?,
        };
        (left == "S").then_some(effect)
    }
}

/// The two sides of `(r; S)`, at the start of `text`.
fn bracketed(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0;
    let end = text.find(|letter| {
        depth += i32::from(letter == '(') - i32::from(letter == ')');
        depth == 0
    })?;
    let (register, stack) = text[..end].strip_prefix('(')?.split_once(';')?;
    Some((register.trim(), stack.trim()))
}

impl Pattern {
    /// Reads a type. A name may follow (`Int n`).
    fn read(text: &str) -> Option<Pattern> {
        let spaced = text.replace('(', " ( ").replace(')', " ) ");
        Pattern::whole(&mut spaced.split_whitespace().peekable())
    }

    /// `a`, `a x b ..` or `a + b ..`
    fn whole<'a>(words: &mut Peekable<impl Iterator<Item = &'a str>>) -> Option<Pattern> {
        let first = Pattern::term(words)?;
        let constructor = match words.peek() {
            Some(&"x") => PRODUCT,
            Some(&"+") => SUM,
            _ => return Some(first),
        };
        let mut parts = vec![first];
        while words.next_if(|word| matches!(*word, "x" | "+")).is_some() {
            parts.push(Pattern::term(words)?);
        }
        Some(Pattern::Made(constructor, parts))
    }

    fn term<'a>(words: &mut Peekable<impl Iterator<Item = &'a str>>) -> Option<Pattern> {
        let word = words.next()?;
        let mut made = |constructor, before: &[Pattern], count: usize| {
            let operands = (0..count).map(|_| Pattern::term(words));
            let operands = before.iter().cloned().map(Some).chain(operands);
            let operands: Option<Vec<Pattern>> = operands.collect();
            Some(Pattern::Made(constructor, operands?))
        };
        let unit = Pattern::Exact(UNIT.index());
        Some(match word {
            "Unit" => unit,
            "Bool" => Pattern::Exact(BOOL.index()),
            "Ordering" => Pattern::Exact(ORDERING.index()),
            "Int" => Pattern::Exact(INT.index()),
            "Text" => Pattern::Exact(TEXT.index()),
            "Bytes" => Pattern::Exact(BYTES.index()),
            "List" => made(LIST, &[], 1)?,
            "Map" => made(MAP, &[], 2)?,
            "Fn" => made(FUNCTION, &[], 2)?,
            "Option" => made(SUM, &[unit], 1)?,
            "(" => {
                let inside = Pattern::whole(words)?;
                (words.next()? == ")").then_some(inside)?
            }
            word => match word.as_bytes() {
                [letter @ b'a'..=b'z'] => Pattern::Variable(usize::from(letter - b'a')),
                _ => return None,
            },
        })
    }

    /// Whether type `id` is of this form, with the variables bound so far; binds the others.
    pub fn fits(&self, module: &Anatomy, id: usize, bindings: &mut Bindings) -> bool {
        match self {
            Pattern::Exact(own) => *own == id,
            Pattern::Variable(letter) => *bindings[*letter].get_or_insert(id) == id,
            Pattern::Made(constructor, operands) => module.types.get(id).is_some_and(|form| {
                form.constructor == *constructor
                    && form.operands.len() == operands.len()
                    && (operands.iter().zip(&form.operands))
                        .all(|(operand, part)| operand.fits(module, *part, bindings))
            }),
        }
    }

    /// The type this form is, made if the table lacks it. All variables are bound.
    pub fn interned(&self, module: &mut Anatomy, bindings: &Bindings) -> usize {
        match self {
            Pattern::Exact(id) => *id,
            Pattern::Variable(letter) => bindings[*letter].unwrap_or(INT.index()),
            Pattern::Made(constructor, operands) => {
                let operands = operands.iter();
                let operands: Vec<usize> = operands
                    .map(|operand| operand.interned(module, bindings))
                    .collect();
                module.intern(*constructor, &operands)
            }
        }
    }

    /// The type this form is, if all its variables are bound and the table has it.
    #[must_use]
    pub fn found(&self, module: &Anatomy, bindings: &Bindings) -> Option<usize> {
        match self {
            Pattern::Exact(id) => Some(*id),
            Pattern::Variable(letter) => bindings[*letter],
            Pattern::Made(..) => {
                (0..module.types.len()).find(|id| self.fits(module, *id, &mut bindings.clone()))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_the_table_are_read() {
        let get = Effect::read("(k; Map k d:S) -> (Option d; S)").expect("it is an effect");
        assert_eq!(get.register, Pattern::Variable(10));
        let map = Pattern::Made(7, vec![Pattern::Variable(10), Pattern::Variable(3)]);
        assert_eq!(get.taken, [map]);
        let named = Effect::read("(Int n; e:c:S) -> (e + r; S), body c x e x Int -> e + r");
        assert_eq!(named.expect("it is an effect").taken.len(), 2);
        let next = Effect::read("(Option k; Map k d:S) -> (Option (k x d); S): the least");
        let entry = Pattern::Made(1, vec![Pattern::Variable(10), Pattern::Variable(3)]);
        let entry = Pattern::Made(2, vec![Pattern::Exact(UNIT.index()), entry]);
        assert_eq!(next.expect("it is an effect").result, entry);
        assert_eq!(Effect::read("ends an arm, starts the next"), None);
        assert_eq!(Effect::read("(a; S) -> (a; a:S)"), None);
    }

    /// Of which rows the mutators make nothing: control, and what moves values about.
    #[test]
    fn only_control_is_beyond_the_reader() {
        let unread: Vec<&str> = (TABLE.iter().zip(EFFECTS.iter()))
            .filter(|(row, effect)| effect.is_none() && row.growth.is_some())
            .map(|(row, _)| row.mnemonic)
            .collect();
        let known = [
            "push", "swap", "acc", "quote", "proj", "with", "inj", "case", "else", "end", "call",
        ];
        let strange = unread.iter().filter(|name| !known.contains(*name));
        assert_eq!(strange.count(), 0, "{unread:?}");
    }
}
