//! Built-in functions that have one type: operations of the machine, and a few that are written in the language.

use super::Checker;
use super::call::Given;
use super::derived::plain_template;
use super::types::{Form, Partial};
use crate::builtin::{Builtin, Entry};
use crate::problem::Problem;
use crate::problem::catalogue::T100;
use crate::source::Span;
use crate::typed::{ExprId, Primitive};

/// A type that such a function takes or gives.
#[derive(Clone, Copy)]
enum Kind {
    Int,
    Text,
    Bytes,
    Numbers,
    Texts,
}

/// What such a function takes and gives.
struct Signature {
    takes: &'static [Kind],
    gives: Kind,
    /// Whether it may give nothing.
    is_option: bool,
    meaning: Meaning,
}

/// What such a function computes.
#[derive(Clone, Copy)]
enum Meaning {
    Operation(Primitive),
    Template(&'static str),
}

impl Signature {
    fn of(builtin: Builtin) -> Option<Signature> {
        use Kind::{Bytes, Int, Numbers, Text, Texts};
        let (takes, gives, is_option, primitive): (&[Kind], _, _, _) = match builtin {
            Builtin::MultiplyDivide => (&[Int, Int, Int], Int, false, Primitive::MultiplyDivide),
            Builtin::Show => (&[Int], Text, false, Primitive::TextOfInt),
            Builtin::ParseInt => (&[Text], Int, true, Primitive::IntOfText),
            Builtin::Split => (&[Text, Text], Texts, false, Primitive::TextSplit),
            Builtin::Join => (&[Texts, Text], Text, false, Primitive::TextJoin),
            Builtin::CodePoints => (&[Text], Numbers, false, Primitive::ListOfText),
            Builtin::FromCodePoints => (&[Numbers], Text, true, Primitive::TextOfList),
            Builtin::Bytes => (&[Numbers], Bytes, true, Primitive::BytesOfList),
            Builtin::Ints => (&[Bytes], Numbers, false, Primitive::ListOfBytes),
            Builtin::Hash => (&[Bytes], Bytes, false, Primitive::Hash),
            _ => return Signature::written(builtin),
        };
        Some(Signature {
            takes,
            gives,
            is_option,
            meaning: Meaning::Operation(primitive),
        })
    }

    /// A function that is written in the language.
    fn written(builtin: Builtin) -> Option<Signature> {
        use Kind::{Bytes, Int, Text};
        let (takes, gives): (&[Kind], _) = match builtin {
            Builtin::Fixed => (&[Int, Int], Text),
            Builtin::Hex => (&[Bytes], Text),
            Builtin::ParseHex => (&[Text], Bytes),
            _ => (&[Text], Text),
        };
        Some(Signature {
            takes,
            gives,
            is_option: builtin == Builtin::ParseHex,
            meaning: Meaning::Template(plain_template(builtin)?),
        })
    }
}

impl Checker<'_> {
    /// A function of one type; `None` if this is none.
    pub(super) fn plain_function(
        &mut self,
        entry: &Entry,
        given: &[Given<'_>],
        span: Span,
    ) -> Option<ExprId> {
        let signature = Signature::of(entry.builtin)?;
        let mistakes = self.mistakes;
        let mut arguments = Vec::with_capacity(given.len());
        for (value, kind) in given.iter().zip(signature.takes) {
            let wanted = self.kind(*kind);
            let argument = self.argument_like(*value, Some(wanted));
            self.enforce_for(entry, argument, wanted);
            arguments.push(argument);
        }
        let gives = self.kind(signature.gives);
        let gives = if signature.is_option {
            self.types.make(Form::Option(gives))
        } else {
            gives
        };
        Some(match signature.meaning {
            Meaning::Operation(primitive) => self.primitive(primitive, arguments, gives, span),
            Meaning::Template(_) if self.mistakes > mistakes => self.unknown(span),
            Meaning::Template(text) => {
                self.expanded_with(text, &arguments, None, Some(gives), span)
            }
        })
    }

    /// As `enforce`; where the function is for bytes, it says how anything becomes bytes.
    fn enforce_for(&mut self, entry: &Entry, argument: ExprId, wanted: Partial) {
        let found = self.draft.type_of(argument);
        if self.types.unify(found, wanted) {
            return;
        }
        let span = self.draft.span_of(argument);
        let problem = match (entry.builtin, self.quote(span)) {
            (Builtin::Hash, Some(text)) => Problem::new(T100, span, "`hash` is for bytes")
                .helping(format!("hash the bytes of it: `hash(to_bytes({text}))`")),
            _ => self.mismatch(span, found, wanted),
        };
        self.report(problem);
    }

    /// `to_bytes` of anything.
    pub(super) fn encoded(&mut self, given: Given<'_>, span: Span) -> ExprId {
        let value = self.argument_like(given, None);
        let bytes = self.types.bytes();
        self.primitive(Primitive::Encode, vec![value], bytes, span)
    }

    /// `from_bytes`, to the type that is wanted where it stands.
    pub(super) fn decoded(
        &mut self,
        given: Given<'_>,
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        let bytes = self.types.bytes();
        let value = self.argument(given, bytes);
        let content = match hint.map(|hint| (hint, self.types.form(hint))) {
            Some((_, Form::Option(content))) => content,
            None | Some((_, Form::Hole | Form::Unknown)) => self.types.hole(span),
            Some((hint, _)) => hint, // the option is forgotten, and the message says so
        };
        let option = self.types.make(Form::Option(content));
        self.primitive(Primitive::Decode, vec![value], option, span)
    }

    fn kind(&mut self, kind: Kind) -> Partial {
        match kind {
            Kind::Int => self.types.int(),
            Kind::Text => self.types.text(),
            Kind::Bytes => self.types.bytes(),
            Kind::Numbers => self.numbers(),
            Kind::Texts => {
                let text = self.types.text();
                self.types.make(Form::List(text))
            }
        }
    }
}
