//! Values in text, for scripts: `7`, `"text"`, `x"00ff"`, `(a, b)`, `1:payload`, `[a, b]`, `{k => v}`.
//!
//! `true false less equal greater none` and `some v` stand for the constructors they name.

use cam::value::{List, Map, Value};

use crate::bytes::from_hex;

/// The value written as `text`.
///
/// # Errors
/// What was expected, and where the text stopped being a value.
pub fn value(text: &str) -> Result<Value, String> {
    let mut reader = Reader { rest: text.trim() };
    let value = reader.value()?;
    if reader.rest.is_empty() {
        Ok(value)
    } else {
        Err(format!("`{}` follows a value", reader.rest))
    }
}

struct Reader<'a> {
    rest: &'a str,
}

impl Reader<'_> {
    fn value(&mut self) -> Result<Value, String> {
        if self.takes("(") {
            return self.several(")", Reader::value).map(Value::product);
        }
        if self.takes("[") {
            let items = self.several("]", Reader::value)?;
            return Ok(Value::List(items.into_iter().collect::<List>()));
        }
        if self.takes("{") {
            let entries = self.several("}", Reader::entry)?;
            return Ok(Value::Map(entries.into_iter().collect::<Map>()));
        }
        if self.takes("x\"") {
            return from_hex(&self.until_quote()?).map(|bytes| Value::Bytes(bytes.into()));
        }
        if self.takes("\"") {
            return Ok(Value::text(&self.until_quote()?));
        }
        let end = self
            .rest
            .find(|letter: char| !letter.is_alphanumeric() && letter != '-');
        let (word, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest.trim_start();
        self.word(word)
    }

    fn word(&mut self, word: &str) -> Result<Value, String> {
        Ok(match word {
            "true" => Value::bool(true),
            "false" => Value::bool(false),
            "less" => Value::constructor(0),
            "equal" => Value::constructor(1),
            "greater" => Value::constructor(2),
            "none" => Value::option(None),
            "some" => Value::option(Some(self.value()?)),
            number if self.takes(":") => {
                let tag = number
                    .parse()
                    .map_err(|_| format!("`{number}` is no constructor"))?;
                Value::sum(tag, self.value()?)
            }
            number => {
                let integer = number
                    .parse()
                    .map_err(|_| format!("`{number}` is no value"))?;
                Value::Int(integer)
            }
        })
    }

    fn entry(&mut self) -> Result<(Value, Value), String> {
        let key = self.value()?;
        if self.takes("=>") {
            Ok((key, self.value()?))
        } else {
            Err("an entry is `key => value`".to_owned())
        }
    }

    fn several<T>(
        &mut self,
        close: &str,
        one: impl Fn(&mut Self) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        let mut all = Vec::new();
        while !self.takes(close) {
            if !all.is_empty() && !self.takes(",") {
                return Err(format!("`,` or `{close}` before `{}`", self.rest));
            }
            all.push(one(self)?);
        }
        Ok(all)
    }

    fn until_quote(&mut self) -> Result<String, String> {
        let (text, rest) = self.rest.split_once('"').ok_or("a quote is not closed")?;
        self.rest = rest.trim_start();
        Ok(text.to_owned())
    }

    fn takes(&mut self, token: &str) -> bool {
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                // Blanks inside a text belong to it.
                self.rest = if token.ends_with('"') {
                    rest
                } else {
                    rest.trim_start()
                };
                true
            }
            None => false,
        }
    }
}
