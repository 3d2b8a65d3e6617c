//! The names of a machine's interface in text.

use std::collections::BTreeMap;
use std::fmt;

use super::cursor::{Cursor, Kind, Token};
use super::error::{AssemblyError, AssemblyReason, cut};
use super::parse::{Numbers, bounded, index, new_name};
use super::sections::Sections;
use super::words::{SHAPE_FORMS, is_name, shape_form};
use crate::limits::{ARITY_MAX, SHAPES_MAX};
use crate::schema::{Name, Schema, Shape, ShapeId, Shapes, Stamp};

/// Reads the schema, if the text has one.
pub(super) fn read(sections: &Sections<'_>) -> Result<Option<Schema>, AssemblyError> {
    let any = sections.machine.or(sections.interface);
    let Some(line) = any.or(sections.shapes.first().copied()) else {
        return Ok(None);
    };
    let missing = |word| line.error(0, AssemblyReason::MissingLine(word));
    let machine = sections.machine.ok_or_else(|| missing("machine"))?;
    let interface = sections.interface.ok_or_else(|| missing("interface"))?;
    let mut shapes = Shapes::default();
    let mut names = BTreeMap::new();
    for (count, line) in sections.shapes.iter().enumerate() {
        bounded(line, count + 1, "shapes", SHAPES_MAX)?;
        read_shape(&mut shapes, &mut names, *line)?;
    }
    let roots = read_roots(&shapes, &names, interface)?;
    reached(sections, &shapes, &names, &roots)?;
    let (shapes, roots) = shapes.canonical(&roots);
    let (machine, version, stamps) = read_machine(machine)?;
    Ok(Some(Schema {
        machine,
        version,
        stamps,
        shapes,
        state: roots[0],
        input: roots[1],
        output: roots[2],
    }))
}

fn read_machine(mut line: Cursor<'_>) -> Result<(Name, u32, Vec<Stamp>), AssemblyError> {
    let machine = name(&mut line, "the name of the machine")?;
    let word = line.word("a version")?;
    let version = index(&line, word)?;
    if version == 0 {
        return Err(super::constant::bad_number(
            &line,
            word,
            "a version from 1 upwards",
        ));
    }
    let mut stamps = Vec::new();
    while !line.is_done()? {
        let word = line.word("at, from or seq")?;
        let stamp = Stamp::ALL
            .into_iter()
            .find(|stamp| stamp.word() == word.text);
        let stamp = stamp.ok_or_else(|| line.unexpected(word, "at, from or seq"))?;
        if stamps.contains(&stamp) {
            return Err(repeated(&line, word, "stamp", word.text));
        }
        stamps.push(stamp);
    }
    stamps.sort();
    Ok((machine, version, stamps))
}

fn read_shape<'a>(
    shapes: &mut Shapes,
    names: &mut Numbers<'a>,
    mut line: Cursor<'a>,
) -> Result<(), AssemblyError> {
    let title = new_name(&mut line, "shape", names)?;
    line.sign("=", "`=`")?;
    let form = line.word(SHAPE_FORMS)?;
    let find = |line: &mut Cursor<'_>| shape(line, shapes, names);
    let shape = match form.text {
        "int" => Shape::Int,
        "text" => Shape::Text,
        "bytes" => Shape::Bytes,
        "bool" => Shape::Bool,
        "tuple" => {
            let mut parts = Vec::new();
            while !line.is_done()? {
                parts.push(find(&mut line)?);
                bounded(&line, parts.len(), "parts of a tuple", ARITY_MAX)?;
            }
            Shape::Tuple(parts.into())
        }
        "record" => Shape::Record(read_named(&mut line, find)?),
        "variant" => {
            let title = name(&mut line, "the name of the variant")?;
            Shape::Variant(title, read_named(&mut line, find)?)
        }
        "option" => Shape::Option(find(&mut line)?),
        "list" => Shape::List(find(&mut line)?),
        "map" => Shape::Map(find(&mut line)?, find(&mut line)?),
        _ => return Err(line.unexpected(form, SHAPE_FORMS)),
    };
    line.end()?;
    let before = shapes.entries().len();
    let id = shapes.intern(shape);
    if id.index() < before {
        let first = names.iter().find(|(_, number)| **number == id.0);
        let first = first.map_or("", |(name, _)| *name);
        return Err(repeated(&line, title, "shape", first));
    }
    names.insert(title.text, id.0);
    Ok(())
}

fn read_named<'a>(
    line: &mut Cursor<'a>,
    find: impl Fn(&mut Cursor<'a>) -> Result<ShapeId, AssemblyError>,
) -> Result<Box<[(Name, ShapeId)]>, AssemblyError> {
    let mut named = BTreeMap::new();
    while !line.is_done()? {
        let word = line.peek()?;
        let field = name(line, "a name")?;
        if named.contains_key(&field) {
            return Err(repeated(line, word, "field", word.text));
        }
        named.insert(field, find(line)?);
        bounded(line, named.len(), "fields or constructors", ARITY_MAX)?;
    }
    Ok(named.into_iter().collect())
}

fn read_roots(
    shapes: &Shapes,
    names: &Numbers<'_>,
    mut line: Cursor<'_>,
) -> Result<[ShapeId; 3], AssemblyError> {
    let mut root = || shape(&mut line, shapes, names);
    let roots = [root()?, root()?, root()?];
    line.end()?;
    Ok(roots)
}

fn reached(
    sections: &Sections<'_>,
    shapes: &Shapes,
    names: &Numbers<'_>,
    roots: &[ShapeId],
) -> Result<(), AssemblyError> {
    let reached = shapes.reached_from(roots);
    for mut line in sections.shapes.iter().copied() {
        let word = line.word("a name")?;
        let number = names.get(word.text).and_then(|number| shapes.at(*number));
        if !number.is_some_and(|id| reached[id.index()]) {
            let name = cut(word.text);
            return Err(line.error(word.at, AssemblyReason::UnusedShape(name)));
        }
    }
    Ok(())
}

fn shape(
    line: &mut Cursor<'_>,
    shapes: &Shapes,
    names: &Numbers<'_>,
) -> Result<ShapeId, AssemblyError> {
    let word = line.word("a shape")?;
    let number = names.get(word.text).copied();
    number.and_then(|number| shapes.at(number)).ok_or_else(|| {
        let (what, name) = ("shape", cut(word.text));
        line.error(word.at, AssemblyReason::UnknownName { what, name })
    })
}

fn name(line: &mut Cursor<'_>, expected: &'static str) -> Result<Name, AssemblyError> {
    let word = line.next()?;
    if word.kind == Kind::Word && is_name(word.text) {
        Ok(word.text.into())
    } else {
        Err(line.unexpected(word, expected))
    }
}

fn repeated(line: &Cursor<'_>, word: Token<'_>, what: &'static str, name: &str) -> AssemblyError {
    let name = cut(name);
    line.error(word.at, AssemblyReason::Repeated { what, name })
}

/// Writes the lines of the schema.
pub(super) fn write(f: &mut fmt::Formatter<'_>, schema: &Schema, names: &[String]) -> fmt::Result {
    write!(f, "machine {} {}", schema.machine, schema.version)?;
    for stamp in &schema.stamps {
        write!(f, " {}", stamp.word())?;
    }
    writeln!(f)?;
    for (name, shape) in names.iter().zip(schema.shapes.entries()) {
        write!(f, "shape {name} = {}", shape_form(shape))?;
        if let Shape::Variant(title, _) = shape {
            write!(f, " {title}")?;
        }
        let fields: &[(Name, ShapeId)] = match shape {
            Shape::Record(named) | Shape::Variant(_, named) => named,
            _ => &[],
        };
        for (index, part) in shape.operands().into_iter().enumerate() {
            if let Some((field, _)) = fields.get(index) {
                write!(f, " {field}")?;
            }
            write!(f, " {}", names[part.index()])?;
        }
        writeln!(f)?;
    }
    let [state, input, output] =
        [schema.state, schema.input, schema.output].map(|root| &names[root.index()]);
    writeln!(f, "interface {state} {input} {output}")
}
