//! Whether patterns leave a value out, and whether one of them can ever match, after Maranget's "Warnings for pattern
//! matching" (2007).
//!
//! The question is always the same: is there a value that the query matches and no row does? If so the answer is such
//! a value, as a witness to show. The problem is NP-complete, so there is a bound on the work. Matrices that were
//! found to leave nothing out are remembered: forty columns of `A | B` then cost forty steps, not 2^40.

use std::collections::BTreeSet;
use std::sync::Arc;

use cam::schema::{Shape, ShapeId, Shapes};

/// A pattern of one coverage.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) struct NodeId(u32);

/// What a pattern looks at.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Node {
    Any,
    /// One way a value can be made, and patterns for its parts.
    Made(Tag, Vec<NodeId>),
    Alternatives(Vec<NodeId>),
}

/// How a value is made.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub(crate) enum Tag {
    /// A tuple or record.
    Product,
    /// A constructor of a variant or option, or `false` and `true`.
    Constructor(usize),
    Int(i64),
    Text(Arc<str>),
}

/// A value nobody matches, as far as it matters.
#[derive(Clone, PartialEq, Debug)]
pub(crate) enum Witness {
    Any,
    Made(Tag, Vec<Witness>),
}

/// The work was more than anyone waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct TooCostly;

/// Cells of matrices that may be looked at for one match or one set of handlers: a tenth of a second.
const CELLS_MAX: usize = 4_000_000;

/// What it costs to look at one row for one constructor, in cells.
const SPECIALISE_CELLS: usize = 4;

/// Columns that may be opened inside each other; each is a frame on the stack.
const DEPTH_MAX: usize = 300;

type Row = Vec<NodeId>;
type Answer = Result<Option<Vec<Witness>>, TooCostly>;

pub(crate) struct Coverage<'a> {
    shapes: &'a Shapes,
    nodes: Vec<Node>,
    /// Questions to which the answer was no.
    covered: BTreeSet<(Vec<Row>, Row)>,
    cells: usize,
}

/// A row or column stack holds the next column last.
const ANY: NodeId = NodeId(0);

impl<'a> Coverage<'a> {
    pub(crate) fn new(shapes: &'a Shapes) -> Coverage<'a> {
        Coverage {
            shapes,
            nodes: vec![Node::Any],
            covered: BTreeSet::new(),
            cells: 0,
        }
    }

    pub(crate) fn any(&self) -> NodeId {
        ANY
    }

    /// A pattern of all the values that a witness stands for.
    pub(crate) fn add_witness(&mut self, witness: &Witness) -> NodeId {
        let Witness::Made(tag, parts) = witness else {
            return ANY;
        };
        let parts = parts.iter().map(|part| self.add_witness(part)).collect();
        self.add(Node::Made(tag.clone(), parts))
    }

    pub(crate) fn add(&mut self, node: Node) -> NodeId {
        let id = u32::try_from(self.nodes.len()).expect("patterns come from bounded source");
        self.nodes.push(node);
        NodeId(id)
    }

    /// Every value of a constructor.
    pub(crate) fn all_of(&mut self, shape: ShapeId, constructor: usize) -> NodeId {
        let tag = Tag::Constructor(constructor);
        let parts = self.parts(shape, &tag).iter().map(|_| ANY).collect();
        self.add(Node::Made(tag, parts))
    }

    /// A value the query matches and no row does, one witness for each column.
    pub(crate) fn uncovered(
        &mut self,
        rows: &[Row],
        query: &[NodeId],
        columns: &[ShapeId],
    ) -> Answer {
        let reversed = |row: &[NodeId]| row.iter().rev().copied().collect::<Row>();
        let rows = rows.iter().map(|row| reversed(row)).collect();
        let columns = columns.iter().rev().copied().collect();
        self.search(rows, reversed(query), columns, 0)
    }

    /// The witnesses stand in column order, so the next column's comes first.
    fn search(
        &mut self,
        mut rows: Vec<Row>,
        mut query: Row,
        mut columns: Vec<ShapeId>,
        depth: usize,
    ) -> Answer {
        if rows.is_empty() {
            return Ok(Some(vec![Witness::Any; columns.len()]));
        }
        let mut skipped = 0;
        while query.last().is_some_and(|node| *node == ANY)
            && rows.iter().all(|row| row.last() == Some(&ANY))
        {
            skipped += 1;
            columns.pop();
            query.pop();
            for row in &mut rows {
                row.pop();
            }
        }
        let Some(column) = columns.last().copied() else {
            return Ok(None);
        };
        self.cells += rows.len() * columns.len();
        if self.cells > CELLS_MAX || depth > DEPTH_MAX {
            return Err(TooCostly);
        }
        rows.dedup();
        let question = (rows, query);
        if self.covered.contains(&question) {
            return Ok(None);
        }
        let (rows, query) = &question;
        let answer = match self.nodes[query[query.len() - 1].0 as usize].clone() {
            Node::Any => self.search_any(rows, query, &columns, column, depth)?,
            Node::Made(tag, parts) => {
                self.search_made(rows, query, &columns, &tag, &parts, depth)?
            }
            Node::Alternatives(alternatives) => {
                self.search_alternatives(rows, query, &columns, &alternatives, depth)?
            }
        };
        if answer.is_none() {
            self.covered.insert(question);
        }
        Ok(answer.map(|rest| {
            std::iter::repeat_n(Witness::Any, skipped)
                .chain(rest)
                .collect()
        }))
    }

    fn search_alternatives(
        &mut self,
        rows: &[Row],
        query: &[NodeId],
        columns: &[ShapeId],
        alternatives: &[NodeId],
        depth: usize,
    ) -> Answer {
        for alternative in alternatives {
            let mut query = query.to_vec();
            query.pop();
            query.push(*alternative);
            let answer = self.search(rows.to_vec(), query, columns.to_vec(), depth + 1)?;
            if answer.is_some() {
                return Ok(answer);
            }
        }
        Ok(None)
    }

    fn search_made(
        &mut self,
        rows: &[Row],
        query: &[NodeId],
        columns: &[ShapeId],
        tag: &Tag,
        parts: &[NodeId],
        depth: usize,
    ) -> Answer {
        let (column, rest) = columns.split_last().expect("there is a column");
        let opened = self.parts(*column, tag);
        let columns: Vec<ShapeId> = rest
            .iter()
            .copied()
            .chain(opened.iter().rev().copied())
            .collect();
        let (_, rest) = query.split_last().expect("as many as columns");
        let query: Row = rest
            .iter()
            .copied()
            .chain(parts.iter().rev().copied())
            .collect();
        let mut special = Vec::new();
        self.cells += rows.len() * SPECIALISE_CELLS;
        for row in rows {
            let (first, rest) = row.split_last().expect("as many as columns");
            self.specialise(*first, rest, tag, opened.len(), &mut special);
        }
        let answer = self.search(special, query, columns, depth + 1)?;
        Ok(answer.map(|mut witnesses| {
            let rest = witnesses.split_off(opened.len());
            std::iter::once(Witness::Made(tag.clone(), witnesses))
                .chain(rest)
                .collect()
        }))
    }

    /// What is left of a row for values made by `tag`; nothing, if it matches none.
    fn specialise(
        &self,
        first: NodeId,
        rest: &[NodeId],
        tag: &Tag,
        arity: usize,
        special: &mut Vec<Row>,
    ) {
        match &self.nodes[first.0 as usize] {
            Node::Any => special.push(
                rest.iter()
                    .copied()
                    .chain(std::iter::repeat_n(ANY, arity))
                    .collect(),
            ),
            Node::Made(own, parts) if own == tag => {
                special.push(
                    rest.iter()
                        .copied()
                        .chain(parts.iter().rev().copied())
                        .collect(),
                );
            }
            Node::Made(..) => {}
            Node::Alternatives(alternatives) => {
                for alternative in alternatives {
                    self.specialise(*alternative, rest, tag, arity, special);
                }
            }
        }
    }

    fn search_any(
        &mut self,
        rows: &[Row],
        query: &[NodeId],
        columns: &[ShapeId],
        column: ShapeId,
        depth: usize,
    ) -> Answer {
        let mut seen = Vec::new();
        for row in rows {
            self.tags(row[row.len() - 1], &mut seen);
        }
        seen.sort();
        seen.dedup();
        let all = self.all_tags(column);
        let missing = all
            .as_ref()
            .map(|all| all.iter().find(|tag| seen.binary_search(tag).is_err()));
        let head = match missing {
            Some(None) => {
                for tag in all.unwrap_or_default() {
                    let parts = vec![ANY; self.parts(column, &tag).len()];
                    let answer = self.search_made(rows, query, columns, &tag, &parts, depth)?;
                    if answer.is_some() {
                        return Ok(answer);
                    }
                }
                return Ok(None);
            }
            Some(Some(tag)) if !seen.is_empty() => Witness::Made(
                tag.clone(),
                vec![Witness::Any; self.parts(column, tag).len()],
            ),
            _ => Witness::Any,
        };
        let rest = rows
            .iter()
            .filter(|row| self.is_any(row[row.len() - 1]))
            .map(|row| row[..row.len() - 1].to_vec());
        let rest: Vec<Row> = rest.collect();
        let (query, columns) = (
            query[..query.len() - 1].to_vec(),
            columns[..columns.len() - 1].to_vec(),
        );
        let answer = self.search(rest, query, columns, depth + 1)?;
        Ok(answer.map(|witnesses| std::iter::once(head).chain(witnesses).collect()))
    }

    fn tags(&self, node: NodeId, seen: &mut Vec<Tag>) {
        match &self.nodes[node.0 as usize] {
            Node::Any => {}
            Node::Made(tag, _) => seen.push(tag.clone()),
            Node::Alternatives(alternatives) => {
                alternatives.iter().for_each(|node| self.tags(*node, seen))
            }
        }
    }

    fn is_any(&self, node: NodeId) -> bool {
        match &self.nodes[node.0 as usize] {
            Node::Any => true,
            Node::Made(..) => false,
            Node::Alternatives(alternatives) => alternatives.iter().any(|node| self.is_any(*node)),
        }
    }

    /// All ways a value of the shape can be made, if they can be counted.
    fn all_tags(&self, shape: ShapeId) -> Option<Vec<Tag>> {
        let constructors = |count: usize| (0..count).map(Tag::Constructor).collect();
        match self.shapes.get(shape) {
            Shape::Bool | Shape::Option(_) | Shape::List(_) => Some(constructors(2)),
            Shape::Variant(_, all) => Some(constructors(all.len())),
            Shape::Tuple(_) | Shape::Record(_) => Some(vec![Tag::Product]),
            Shape::Int | Shape::Text | Shape::Bytes | Shape::Map(..) => None,
        }
    }

    /// The shapes of the parts of a value made by `tag`.
    fn parts(&self, shape: ShapeId, tag: &Tag) -> Vec<ShapeId> {
        match (self.shapes.get(shape), tag) {
            (Shape::Variant(_, all), Tag::Constructor(index)) => all
                .get(*index)
                .map(|(_, payload)| *payload)
                .into_iter()
                .collect(),
            (Shape::Option(item), Tag::Constructor(1)) => vec![*item],
            (Shape::List(item), Tag::Constructor(1)) => vec![*item, shape],
            (Shape::Tuple(_) | Shape::Record(_), Tag::Product) => self.shapes.get(shape).operands(),
            _ => Vec::new(),
        }
    }

    /// A witness as a pattern.
    pub(crate) fn print(&self, witness: &Witness, shape: ShapeId) -> String {
        let Witness::Made(tag, parts) = witness else {
            return "_".to_owned();
        };
        let shapes = self.parts(shape, tag);
        let printed: Vec<String> = parts
            .iter()
            .zip(&shapes)
            .map(|(part, shape)| self.print(part, *shape))
            .collect();
        match (self.shapes.get(shape), tag) {
            (Shape::Bool, Tag::Constructor(index)) => {
                (if *index == 0 { "false" } else { "true" }).to_owned()
            }
            (Shape::Option(_), Tag::Constructor(0)) => "None".to_owned(),
            (Shape::Option(_), _) => format!("Some({})", printed.join(", ")),
            (Shape::List(_), Tag::Constructor(0)) => "[]".to_owned(),
            (Shape::List(_), _) => print_list(&printed),
            (Shape::Variant(_, all), Tag::Constructor(index)) => {
                let Some((name, payload)) = all.get(*index) else {
                    return "_".to_owned();
                };
                let (payload, content) = (self.shapes.get(*payload), printed.concat());
                match payload {
                    Shape::Tuple(parts) if parts.is_empty() => name.to_string(),
                    Shape::Tuple(_) if content.starts_with('(') => format!("{name}{content}"),
                    Shape::Record(_) if content.starts_with('{') => format!("{name} {content}"),
                    _ => format!("{name}({content})"),
                }
            }
            (Shape::Record(fields), _) => {
                print_fields(fields.iter().map(|(name, _)| &**name).zip(printed))
            }
            (Shape::Tuple(_), _) => format!("({})", printed.join(", ")),
            _ => "_".to_owned(),
        }
    }
}

/// The first item of a list and the pattern of the others.
fn print_list(parts: &[String]) -> String {
    let [first, others] = parts else {
        return "_".to_owned();
    };
    match others.strip_prefix('[') {
        Some("]") => format!("[{first}]"),
        Some(others) => format!("[{first}, {others}"),
        None => format!("[{first}, ..]"),
    }
}

/// Fields about which something is said, and `..` for the others.
fn print_fields<'a>(fields: impl Iterator<Item = (&'a str, String)>) -> String {
    let mut written = Vec::new();
    let mut is_open = false;
    for (name, part) in fields {
        if part == "_" {
            is_open = true;
        } else {
            written.push(format!("{name}: {part}"));
        }
    }
    if is_open {
        written.push("..".to_owned());
    }
    format!("{{ {} }}", written.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `type T = A | B | C(Option(Bool))`, a pair of them, and `Int`.
    fn shapes() -> (Shapes, ShapeId, ShapeId, ShapeId) {
        let mut shapes = Shapes::default();
        let unit = shapes.intern(Shape::Tuple(Box::new([])));
        let bool = shapes.intern(Shape::Bool);
        let option = shapes.intern(Shape::Option(bool));
        let constructors = [("A".into(), unit), ("B".into(), unit), ("C".into(), option)];
        let variant = shapes.intern(Shape::Variant("T".into(), Box::new(constructors)));
        let pair = shapes.intern(Shape::Tuple(Box::new([variant, variant])));
        let int = shapes.intern(Shape::Int);
        (shapes, variant, pair, int)
    }

    fn unit(coverage: &mut Coverage, constructor: usize) -> NodeId {
        let nothing = coverage.add(Node::Made(Tag::Product, vec![]));
        coverage.add(Node::Made(Tag::Constructor(constructor), vec![nothing]))
    }

    fn missing(coverage: &mut Coverage, rows: &[NodeId], shape: ShapeId) -> Option<String> {
        let rows: Vec<Row> = rows.iter().map(|node| vec![*node]).collect();
        let found = coverage.uncovered(&rows, &[ANY], &[shape]).unwrap();
        found.map(|witnesses| coverage.print(&witnesses[0], shape))
    }

    #[test]
    fn what_is_left_out_is_named() {
        let (shapes, variant, pair, int) = shapes();
        let mut coverage = Coverage::new(&shapes);
        let (a, b) = (unit(&mut coverage, 0), unit(&mut coverage, 1));
        let no = coverage.add(Node::Made(Tag::Constructor(0), vec![]));
        let some_no = coverage.add(Node::Made(Tag::Constructor(1), vec![no]));
        let c_some_no = coverage.add(Node::Made(Tag::Constructor(2), vec![some_no]));
        let none = coverage.add(Node::Made(Tag::Constructor(0), vec![]));
        let c_none = coverage.add(Node::Made(Tag::Constructor(2), vec![none]));
        let c = coverage.all_of(variant, 2);
        let either = coverage.add(Node::Alternatives(vec![b, c]));
        let a_any = coverage.add(Node::Made(Tag::Product, vec![a, ANY]));
        let any_a = coverage.add(Node::Made(Tag::Product, vec![ANY, a]));
        let seven = coverage.add(Node::Made(Tag::Int(7), vec![]));
        let table: [(&[NodeId], ShapeId, Option<&str>); 9] = [
            (&[], variant, Some("_")),
            (&[a], variant, Some("B")),
            (&[a, b], variant, Some("C(_)")),
            (&[a, b, c], variant, None),
            (&[a, either], variant, None),
            (&[a, b, c_some_no, c_none], variant, Some("C(Some(true))")),
            (&[a_any, any_a], pair, Some("(B, B)")),
            (&[seven], int, Some("_")),
            (&[seven, ANY], int, None),
        ];
        for (rows, shape, expected) in table {
            assert_eq!(
                missing(&mut coverage, rows, shape).as_deref(),
                expected,
                "{rows:?}"
            );
        }
    }

    #[test]
    fn forty_columns_of_alternatives_do_not_explode() {
        let (mut shapes, variant, ..) = shapes();
        let wide = shapes.intern(Shape::Tuple(vec![variant; 40].into()));
        let mut coverage = Coverage::new(&shapes);
        let (a, b, c) = (
            unit(&mut coverage, 0),
            unit(&mut coverage, 1),
            coverage.all_of(variant, 2),
        );
        let every = coverage.add(Node::Alternatives(vec![a, b, c]));
        let two = coverage.add(Node::Alternatives(vec![a, b]));
        let all = coverage.add(Node::Made(Tag::Product, vec![every; 40]));
        assert_eq!(missing(&mut coverage, &[all], wide), None);
        let mut parts = vec![every; 40];
        parts[39] = two;
        let most = coverage.add(Node::Made(Tag::Product, parts));
        assert!(
            missing(&mut coverage, &[most], wide)
                .unwrap()
                .ends_with("C(_))")
        );
        let rows = [vec![all], vec![most]];
        assert_eq!(coverage.uncovered(&rows[..1], &rows[1], &[wide]), Ok(None));
    }

    #[test]
    fn a_hard_question_is_given_up_in_time() {
        let (mut shapes, variant, ..) = shapes();
        let wide = shapes.intern(Shape::Tuple(vec![variant; 120].into()));
        let mut coverage = Coverage::new(&shapes);
        let (a, b) = (unit(&mut coverage, 0), unit(&mut coverage, 1));
        let rows: Vec<Row> = (0..120)
            .map(|place| {
                let mut parts = vec![ANY; 120];
                parts[place] = a;
                parts[(place * 7 + 3) % 120] = b;
                vec![coverage.add(Node::Made(Tag::Product, parts))]
            })
            .collect();
        let answer = coverage.uncovered(&rows, &[ANY], &[wide]);
        assert!(matches!(answer, Ok(Some(_)) | Err(TooCostly)));
    }
}
