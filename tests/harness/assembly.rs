//! An assembler for the tests: a module in text, one instruction a word or line, to bytes.
//!
//! It writes bytes by its own means and believes nothing, so that anything can be written with it that
//! the decoder and the verifier must refuse. The text form is described in the specification's third
//! chapter.

use std::collections::BTreeMap;

use cam::encode;
use cam::instruction::TABLE;
use cam::value::Value;

use crate::bytes::{integer, number, sized};
use crate::notation;

/// A module in parts, as the text has them.
#[derive(Clone, Default, Debug)]
pub struct Module {
    types: Vec<(String, Vec<String>)>,
    constants: Vec<(String, String, Value)>,
    schema: Option<Schema>,
    /// The functions in order.
    pub functions: Vec<Function>,
    exports: Vec<(String, String)>,
}

/// A function in text.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name, for the text alone.
    pub name: String,
    domain: String,
    codomain: String,
    /// Its instructions, each with its operands.
    pub code: Vec<String>,
}

#[derive(Clone, Default, Debug)]
struct Schema {
    machine: String,
    version: String,
    stamps: Vec<String>,
    shapes: Vec<(String, Vec<String>)>,
    interface: Vec<String>,
}

const PREDECLARED: [&str; 6] = ["Unit", "Bool", "Ordering", "Int", "Text", "Bytes"];
const ROLES: [(&str, u8); 6] = [
    ("init", 0),
    ("step", 1),
    ("migrate", 4),
    ("input", 5),
    ("output", 6),
    ("back", 7),
];

impl Module {
    /// Takes one line of text. Says whether the line belongs to a module at all.
    ///
    /// # Errors
    /// What is wrong with the line.
    pub fn line(&mut self, line: &str) -> Result<bool, String> {
        if line.starts_with(char::is_whitespace) {
            let function = self.functions.last_mut().ok_or("code outside a function")?;
            let code = line.split(';').map(str::trim);
            function
                .code
                .extend(code.filter(|one| !one.is_empty()).map(str::to_owned));
            return Ok(true);
        }
        let words: Vec<String> = line.split_whitespace().map(str::to_owned).collect();
        let named = |at: usize| words.get(at).cloned().ok_or("a word is missing");
        match words[0].as_str() {
            "type" => self.types.push((named(1)?, after_equals(&words)?)),
            "const" => {
                let mut rest = line.splitn(4, char::is_whitespace).skip(3);
                let value = notation::value(rest.next().ok_or("a constant has a value")?)?;
                self.constants.push((named(1)?, named(2)?, value));
            }
            "machine" => {
                let schema = self.schema.get_or_insert_default();
                schema.machine = named(1)?;
                schema.version = named(2)?;
                schema.stamps = words[3..].to_vec();
            }
            "shape" => {
                let schema = self.schema.get_or_insert_default();
                schema.shapes.push((named(1)?, after_equals(&words)?));
            }
            "interface" => self.schema.get_or_insert_default().interface = words[1..].to_vec(),
            "fn" => {
                if named(3)? != "->" {
                    return Err("a function is `fn name domain -> codomain`".to_owned());
                }
                self.functions.push(Function {
                    name: named(1)?,
                    domain: named(2)?,
                    codomain: named(4)?,
                    code: Vec::new(),
                });
            }
            "export" => self.exports.push((named(1)?, named(2)?)),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Whether the module has the names of a machine.
    #[must_use]
    pub fn is_machine(&self) -> bool {
        self.schema.is_some()
    }

    /// The position of the function called `name`.
    ///
    /// # Errors
    /// That there is none.
    pub fn function(&self, name: &str) -> Result<usize, String> {
        let found = self
            .functions
            .iter()
            .position(|function| function.name == name);
        found.ok_or_else(|| format!("there is no function `{name}`"))
    }

    /// The bytes.
    ///
    /// # Errors
    /// A word that names nothing.
    pub fn assembled(&self) -> Result<Vec<u8>, String> {
        let mut out = b"\x7FCAM".to_vec();
        number(&mut out, self.format());
        number(&mut out, 1);
        number(&mut out, self.types.len() as u64);
        for (_, form) in &self.types {
            self.write_type(&mut out, form)?;
        }
        number(&mut out, self.constants.len() as u64);
        for (_, id, value) in &self.constants {
            number(&mut out, self.type_number(id)?);
            out.extend(encode::value(value));
        }
        match &self.schema {
            None => out.push(0),
            Some(schema) => {
                out.push(1);
                schema.write(&mut out)?;
            }
        }
        number(&mut out, self.functions.len() as u64);
        for function in &self.functions {
            number(&mut out, self.type_number(&function.domain)?);
            number(&mut out, self.type_number(&function.codomain)?);
            number(&mut out, function.code.len() as u64);
            for instruction in &function.code {
                self.write_instruction(&mut out, instruction)?;
            }
        }
        self.write_exports(&mut out)?;
        Ok(out)
    }

    /// The newest format that an instruction needs. One that does not exist is refused when it is written.
    fn format(&self) -> u64 {
        let code = self.functions.iter().flat_map(|function| &function.code);
        let since = code.filter_map(|instruction| {
            let mnemonic = instruction.split_whitespace().next()?;
            let row = TABLE.iter().find(|row| row.mnemonic == mnemonic)?;
            Some(row.since)
        });
        since.max().unwrap_or(1)
    }

    /// Without a word about exports, the last function is the migration.
    fn write_exports(&self, out: &mut Vec<u8>) -> Result<(), String> {
        let mut exports = self.exports.clone();
        if let (true, Some(last)) = (
            exports.is_empty() && !self.is_machine(),
            self.functions.last(),
        ) {
            exports.push(("migrate".to_owned(), last.name.clone()));
        }
        number(out, exports.len() as u64);
        for (role, name) in &exports {
            let role = ROLES.iter().find(|(word, _)| word == role);
            out.push(
                role.ok_or("a role is one of init, step, migrate, input, output, back")?
                    .1,
            );
            number(out, self.function(name)? as u64);
        }
        Ok(())
    }

    fn write_type(&self, out: &mut Vec<u8>, form: &[String]) -> Result<(), String> {
        let (operands, head) = match form {
            [form, operands @ ..] => (operands, form.as_str()),
            [] => return Err("a type has a form".to_owned()),
        };
        match head {
            "prod" => out.push(1),
            "sum" => out.push(2),
            "list" => out.push(6),
            "map" => out.push(7),
            other => return Err(format!("`{other}` is no form of a type")),
        }
        if matches!(head, "prod" | "sum") {
            number(out, operands.len() as u64);
        }
        operands.iter().try_for_each(|name| {
            number(out, self.type_number(name)?);
            Ok(())
        })
    }

    fn write_instruction(&self, out: &mut Vec<u8>, instruction: &str) -> Result<(), String> {
        let mut words = instruction.split_whitespace();
        let mnemonic = words.next().unwrap_or_default();
        let row = TABLE.iter().find(|row| row.mnemonic == mnemonic);
        let row = row.ok_or_else(|| format!("there is no instruction `{mnemonic}`"))?;
        out.push(row.code);
        for operand in row.operands {
            let word = words
                .next()
                .ok_or_else(|| format!("`{mnemonic}` needs its {operand}"))?;
            match *operand {
                "integer" => {
                    let value = word
                        .parse()
                        .map_err(|_| format!("`{word}` is no integer"))?;
                    integer(out, value);
                }
                operand => number(out, self.operand(operand, word)?),
            }
        }
        match words.next() {
            None => Ok(()),
            Some(word) => Err(format!("`{word}` is too much for `{mnemonic}`")),
        }
    }

    /// Any operand may be a bare number, or nothing hostile could be written.
    fn operand(&self, operand: &str, word: &str) -> Result<u64, String> {
        if let Ok(bare) = word.parse() {
            return Ok(bare);
        }
        match operand {
            "product" | "sum" | "result" | "list" | "map" | "option" => self.type_number(word),
            "function" | "body" => self.function(word).map(|index| index as u64),
            "constant" => {
                let found = self.constants.iter().position(|(name, ..)| name == word);
                let found = found.ok_or_else(|| format!("there is no constant `{word}`"))?;
                Ok(found as u64)
            }
            _ => Err(format!("`{word}` is no number")),
        }
    }

    fn type_number(&self, name: &str) -> Result<u64, String> {
        if let Ok(bare) = name.parse() {
            return Ok(bare);
        }
        let declared = self.types.iter().map(|(name, _)| name.as_str());
        let found = PREDECLARED
            .into_iter()
            .chain(declared)
            .position(|known| known == name);
        let found = found.ok_or_else(|| format!("there is no type `{name}`"))?;
        Ok(found as u64)
    }
}

impl Schema {
    fn write(&self, out: &mut Vec<u8>) -> Result<(), String> {
        let shapes: BTreeMap<&str, u64> = self
            .shapes
            .iter()
            .map(|(name, _)| name.as_str())
            .zip(0..)
            .collect();
        let shape = |name: &String| {
            let found = shapes.get(name.as_str()).copied();
            found.ok_or_else(|| format!("there is no shape `{name}`"))
        };
        sized(out, self.machine.as_bytes());
        number(
            out,
            self.version.parse().map_err(|_| "a version is a number")?,
        );
        let bit = |stamp: &String| match stamp.as_str() {
            "at" => Ok(1),
            "from" => Ok(2),
            "seq" => Ok(4),
            other => Err(format!("`{other}` is no stamp")),
        };
        let mask: Result<u8, String> = self.stamps.iter().map(bit).sum();
        out.push(mask?);
        number(out, self.shapes.len() as u64);
        for (_, form) in &self.shapes {
            write_shape(out, form, &shape)?;
        }
        for name in &self.interface {
            number(out, shape(name)?);
        }
        Ok(())
    }
}

fn write_shape(
    out: &mut Vec<u8>,
    form: &[String],
    shape: &dyn Fn(&String) -> Result<u64, String>,
) -> Result<(), String> {
    const FORMS: [&str; 10] = [
        "int", "text", "bytes", "bool", "tuple", "record", "variant", "option", "list", "map",
    ];
    let (head, mut operands) = form.split_first().ok_or("a shape has a form")?;
    let code = FORMS.iter().position(|known| known == head);
    let code = code.ok_or_else(|| format!("`{head}` is no form of a shape"))? + 1;
    number(out, code as u64);
    if let ("variant", Some((title, rest))) = (head.as_str(), operands.split_first()) {
        sized(out, title.as_bytes());
        operands = rest;
    }
    match head.as_str() {
        "record" | "variant" => {
            number(out, (operands.len() / 2) as u64);
            for named in operands.chunks(2) {
                sized(out, named[0].as_bytes());
                number(out, shape(named.get(1).ok_or("a name has a shape")?)?);
            }
        }
        kind => {
            if kind == "tuple" {
                number(out, operands.len() as u64);
            }
            for name in operands {
                number(out, shape(name)?);
            }
        }
    }
    Ok(())
}

fn after_equals(words: &[String]) -> Result<Vec<String>, String> {
    match words {
        [_, _, equals, rest @ ..] if equals == "=" => Ok(rest.to_vec()),
        _ => Err("a name, `=` and a form".to_owned()),
    }
}
