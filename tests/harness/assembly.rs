//! Modules in assembly, line by line, so that a script may change one instruction.
//!
//! The text form is the product's. What it cannot write, because it is not well-formed, the tests write
//! byte by byte.

use cam::assembly::{AssemblyError, parse};
use cam::bytecode::Bytecode;
use cam::encode;

/// A module in parts, as the text has them.
#[derive(Clone, Default, Debug)]
pub struct Module {
    declarations: Vec<String>,
    /// The functions in order.
    pub functions: Vec<Function>,
    is_exporting: bool,
}

/// A function in text.
#[derive(Clone, Debug)]
pub struct Function {
    /// Its name, for the text alone.
    pub name: String,
    head: String,
    /// Its instructions, each with its operands.
    pub code: Vec<String>,
}

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
        let mut words = line.split_whitespace();
        match words.next().unwrap_or_default() {
            "fn" => self.functions.push(Function {
                name: words.next().ok_or("a function has a name")?.to_owned(),
                head: line.to_owned(),
                code: Vec::new(),
            }),
            word @ ("cam" | "type" | "const" | "machine" | "shape" | "interface" | "export") => {
                self.is_exporting |= word == "export";
                self.declarations.push(line.to_owned());
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Whether the module has the names of a machine.
    #[must_use]
    pub fn is_machine(&self) -> bool {
        let mut lines = self.declarations.iter();
        lines.any(|line| line.starts_with("machine"))
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

    /// The text. Without a word about exports, the last function is the migration.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::new();
        for line in &self.declarations {
            text.push_str(line);
            text.push('\n');
        }
        for function in &self.functions {
            text.push_str(&function.head);
            text.push('\n');
            for instruction in &function.code {
                text.push_str("  ");
                text.push_str(instruction);
                text.push('\n');
            }
        }
        if let (false, false, Some(last)) =
            (self.is_exporting, self.is_machine(), self.functions.last())
        {
            text.push_str("export migrate ");
            text.push_str(&last.name);
        }
        text
    }

    /// The module.
    ///
    /// # Errors
    /// Where the text is none.
    pub fn parsed(&self) -> Result<Bytecode, AssemblyError> {
        parse(&self.text())
    }

    /// The bytes.
    ///
    /// # Errors
    /// Where the text is no module.
    pub fn assembled(&self) -> Result<Vec<u8>, String> {
        let bytecode = self.parsed().map_err(|error| error.to_string())?;
        Ok(encode::module(&bytecode))
    }
}
