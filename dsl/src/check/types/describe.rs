//! Types as they are written, for messages.

use cam::schema::{Name, Shape};

use super::{Form, Partial, Types};

/// Length above which a type is cut short in a message.
const DESCRIPTION_BYTES_MAX: usize = 90;

impl Types {
    /// The type as it is written, cut short if it is long; `_` for what is not known.
    pub(crate) fn describe(&mut self, partial: Partial) -> String {
        let mut text = String::new();
        self.write(partial, &mut text, 0);
        text
    }

    fn write(&mut self, partial: Partial, text: &mut String, depth: u32) {
        if text.len() > DESCRIPTION_BYTES_MAX || depth > 8 {
            return text.push('…');
        }
        match self.form(partial) {
            Form::Hole | Form::Unknown => text.push('_'),
            Form::Shape(id) => text.push_str(&match self.shapes.get(id) {
                Shape::Int => "Int".into(),
                Shape::Text => "Text".into(),
                Shape::Bytes => "Bytes".into(),
                Shape::Bool => "Bool".into(),
                Shape::Variant(name, _) => Name::clone(name),
                _ => Name::from("_"),
            }),
            Form::Tuple(parts) => self.write_list("(", &parts, text, depth),
            Form::Option(item) => self.write_list("Option(", &[item], text, depth),
            Form::List(item) => self.write_list("List(", &[item], text, depth),
            Form::Map(key, value) => self.write_list("Map(", &[key, value], text, depth),
            Form::Set(item) => self.write_list("Set(", &[item], text, depth),
            Form::Function(from, to) => {
                self.write(from, text, depth + 1);
                text.push_str(" => ");
                self.write(to, text, depth + 1);
            }
            Form::Either(left, right) => self.write_list("Either(", &[left, right], text, depth),
            Form::Record(fields) => {
                for (index, (name, field)) in fields.iter().enumerate() {
                    text.push_str(if index == 0 { "{ " } else { ", " });
                    if text.len() > DESCRIPTION_BYTES_MAX {
                        text.push('…');
                        break;
                    }
                    text.push_str(name);
                    text.push_str(": ");
                    self.write(*field, text, depth + 1);
                }
                text.push_str(if fields.is_empty() { "{}" } else { " }" });
            }
        }
    }

    fn write_list(&mut self, open: &str, parts: &[Partial], text: &mut String, depth: u32) {
        text.push_str(open);
        for (index, part) in parts.iter().enumerate() {
            if index > 0 {
                text.push_str(", ");
            }
            if text.len() > DESCRIPTION_BYTES_MAX {
                text.push('…');
                break;
            }
            self.write(*part, text, depth + 1);
        }
        text.push(')');
    }
}
