//! A codec: the bytes of one type, to and from fixed registers.
//!
//! What a type looks like and where its slots lie is settled once, when the program is taken up; a step
//! then only follows the nodes. Equal parts at equal places share a node, and a type that would need more
//! nodes than the limit has no codec: its values are built and taken apart.

use std::collections::BTreeMap;

use crate::decode::ValueReader;
use crate::encode;
use crate::limits::{CODEC_NODES_MAX, CODEC_SLOTS_MAX};
use crate::reader::Reader;
use crate::register::Stopped;
use crate::register::code::Register;
use crate::register::execute::Registers;
use crate::register::heap::Heap;
use crate::ssa::slots::Layouts;
use crate::types::{Type, TypeId, TypeTable};
use crate::writer::write_integer;

/// Nodes of a type at its registers; the last is the root.
#[derive(Debug)]
pub(super) struct Codec {
    nodes: Box<[Node]>,
}

#[derive(Debug)]
enum Node {
    Nothing,
    /// Numbers in a row.
    Words(Box<[Register]>),
    Container(TypeId, Register),
    Parts(Box<[usize]>),
    Choice(Register, Box<[Arm]>),
}

/// A constructor: its payload, and the slots of the sum's room behind it.
#[derive(Debug)]
struct Arm {
    payload: usize,
    behind: Box<[Register]>,
}

impl Codec {
    /// The codec of type `id` with its slots in these registers. Nothing if it would be too large.
    pub(super) fn new(
        types: &TypeTable,
        layouts: &Layouts,
        id: TypeId,
        words: &[Register],
        handles: &[Register],
    ) -> Option<Codec> {
        let mut maker = Maker {
            types,
            layouts,
            words,
            handles,
            nodes: Vec::new(),
            known: BTreeMap::new(),
            slots_left: CODEC_SLOTS_MAX,
        };
        maker.node(id, 0, 0)?;
        Some(Codec {
            nodes: maker.nodes.into(),
        })
    }

    /// Reads the bytes of a value into its registers. The containers are charged to `values`.
    pub(super) fn decode(
        &self,
        reader: &mut Reader<'_>,
        values: &mut ValueReader<'_>,
        registers: &mut Registers,
        heap: &mut Heap,
    ) -> Result<(), Stopped> {
        self.read(self.root()?, reader, values, registers, heap)
    }

    /// Recursion follows the type and is bounded by its height.
    fn read(
        &self,
        node: &Node,
        reader: &mut Reader<'_>,
        values: &mut ValueReader<'_>,
        registers: &mut Registers,
        heap: &mut Heap,
    ) -> Result<(), Stopped> {
        match node {
            Node::Nothing => {}
            Node::Words(words) => {
                for register in words {
                    registers[usize::from(*register)] = reader.integer().map_err(|_| Stopped)?;
                }
            }
            Node::Container(id, register) => {
                let container = values.read(reader, *id).map_err(|_| Stopped)?;
                registers[usize::from(*register)] = heap.put(container)?;
            }
            Node::Parts(parts) => {
                for part in parts {
                    self.read(self.at(*part)?, reader, values, registers, heap)?;
                }
            }
            Node::Choice(register, arms) => {
                let tag = reader.byte().map_err(|_| Stopped)?;
                let arm = arms.get(usize::from(tag)).ok_or(Stopped)?;
                registers[usize::from(*register)] = i64::from(tag);
                for slot in &arm.behind {
                    registers[usize::from(*slot)] = 0;
                }
                match self.at(arm.payload)? {
                    Node::Nothing => {}
                    payload => self.read(payload, reader, values, registers, heap)?,
                }
            }
        }
        Ok(())
    }

    /// Appends the bytes of the value in the registers.
    pub(super) fn encode(
        &self,
        registers: &Registers,
        heap: &Heap,
        out: &mut Vec<u8>,
    ) -> Result<(), Stopped> {
        self.write(self.root()?, registers, heap, out)
    }

    fn write(
        &self,
        node: &Node,
        registers: &Registers,
        heap: &Heap,
        out: &mut Vec<u8>,
    ) -> Result<(), Stopped> {
        match node {
            Node::Nothing => {}
            Node::Words(words) => words
                .iter()
                .for_each(|register| write_integer(out, registers[usize::from(*register)])),
            Node::Container(_, register) => {
                encode::write_value(out, heap.get(registers[usize::from(*register)])?);
            }
            Node::Parts(parts) => {
                for part in parts {
                    self.write(self.at(*part)?, registers, heap, out)?;
                }
            }
            Node::Choice(register, arms) => {
                let tag = u8::try_from(registers[usize::from(*register)]).map_err(|_| Stopped)?;
                let arm = arms.get(usize::from(tag)).ok_or(Stopped)?;
                out.push(tag);
                match self.at(arm.payload)? {
                    Node::Nothing => {}
                    payload => self.write(payload, registers, heap, out)?,
                }
            }
        }
        Ok(())
    }

    fn root(&self) -> Result<&Node, Stopped> {
        self.nodes.last().ok_or(Stopped)
    }

    #[inline]
    fn at(&self, node: usize) -> Result<&Node, Stopped> {
        self.nodes.get(node).ok_or(Stopped)
    }
}

struct Maker<'a> {
    types: &'a TypeTable,
    layouts: &'a Layouts,
    words: &'a [Register],
    handles: &'a [Register],
    nodes: Vec<Node>,
    known: BTreeMap<(TypeId, usize, usize), usize>,
    /// For what stands behind payloads: a constructor is a few bytes of a module, and its room a thousand
    /// slots.
    slots_left: usize,
}

impl Maker<'_> {
    /// The node of a type whose slots start at these positions.
    fn node(&mut self, id: TypeId, word: usize, handle: usize) -> Option<usize> {
        if let Some(node) = self.known.get(&(id, word, handle)) {
            return Some(*node);
        }
        let (types, layouts) = (self.types, self.layouts);
        let node = match types.get(id) {
            Type::Int => Node::Words([*self.words.get(word)?].into()),
            Type::Product(parts) if parts.is_empty() => Node::Nothing,
            Type::Product(parts) if parts.iter().all(|part| *types.get(*part) == Type::Int) => {
                Node::Words(self.words.get(word..word + parts.len())?.into())
            }
            Type::Product(parts) => {
                let starts = layouts.of(id).parts.iter();
                let parts = parts.iter().zip(starts);
                let nodes =
                    parts.map(|(part, start)| self.node(*part, word + start.0, handle + start.1));
                Node::Parts(nodes.collect::<Option<_>>()?)
            }
            Type::Sum(payloads) => {
                let arms = payloads.iter().map(|own| self.arm(id, *own, word, handle));
                let arms = arms.collect::<Option<_>>()?;
                Node::Choice(*self.words.get(word)?, arms)
            }
            _ => Node::Container(id, *self.handles.get(handle)?),
        };
        if self.nodes.len() == CODEC_NODES_MAX {
            return None;
        }
        self.nodes.push(node);
        self.known.insert((id, word, handle), self.nodes.len() - 1);
        Some(self.nodes.len() - 1)
    }

    /// The constructor of `sum` with this payload.
    fn arm(&mut self, sum: TypeId, payload: TypeId, word: usize, handle: usize) -> Option<Arm> {
        let (room, own) = (self.layouts.of(sum), self.layouts.of(payload));
        let words = self.words.get(word + 1 + own.words..word + room.words)?;
        let handles = handle + own.handles..handle + room.handles;
        let handles = self.handles.get(handles)?;
        let slots = words.len() + handles.len();
        self.slots_left = self.slots_left.checked_sub(slots)?;
        Some(Arm {
            behind: words.iter().chain(handles).copied().collect(),
            payload: self.node(payload, word + 1, handle)?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::types::{INT, UNIT};

    /// Whether there is a codec for a sum of a record of so many numbers and so many units, twice.
    fn has_codec(numbers: usize, units: usize) -> bool {
        let mut types = TypeTable::new();
        let record = types.product(&vec![INT; numbers]);
        let payloads = [vec![record], vec![UNIT; units]].concat();
        let sum = types.sum(&payloads);
        let id = types.product(&[sum, sum]);
        let layouts = Layouts::new(&types);
        let registers: Vec<Register> = (0..=255).cycle().take(layouts.of(id).words).collect();
        Codec::new(&types, &layouts, id, &registers, &[]).is_some()
    }

    #[test]
    fn room_behind_payloads_is_within_a_limit() {
        assert!(has_codec(254, 20));
        assert!(has_codec(128, 254));
        assert!(!has_codec(254, 254));
    }
}
