//! What the functions mean that are written in the language, and what they take. In a template `xs` is the one
//! value, or `x`, `y` and `z` are the values, and `f` is the function.

use super::Checker;
use super::call::{Callback, Given};
use super::collection::Collection;
use super::messages::with_article;
use super::types::{Form, Partial};
use crate::builtin::{Builtin, Entry};
use crate::problem::Problem;
use crate::problem::catalogue::T112;
use crate::source::Span;
use crate::typed::ExprId;

const ENTRIES: &str = "fold(xs, [], fn(so_far, item) => push(so_far, item))";

const TO_SET: &str = "fold(xs, Set[], fn(so_far, item) => insert(so_far, item))";

const TO_MAP: &str = "fold(xs, Map[], fn(so_far, (key, value)) => insert(so_far, key, value))";

const ENUMERATE: &str = "match fold(xs, (0, []), fn((count, so_far), item) =>
    (count + 1, push(so_far, (count, item)))) { (_, all) => all }";

/// A set knows what was there before; the list keeps the order.
const UNIQUE: &str = "match fold(xs, (Set[], []), fn((seen, so_far), item) =>
    if contains(seen, item) { (seen, so_far) } else { (insert(seen, item), push(so_far, item)) }) { (_, all) => all }";

const FILTER_MAP: &str = "fold(xs, [], fn(so_far, item) =>
    match f(item) { Some(content) => push(so_far, content), None => so_far })";

const FLAT_MAP: &str = "fold(xs, [], fn(so_far, item) => so_far ++ f(item))";

/// An ordered map is the sorter. The number of an item keeps those with equal keys in order, and apart.
const SORT_BY: &str = "match fold(xs, (0, Map[]), fn((count, so_far), item) =>
    (count + 1, insert(so_far, (f(item), count), item))) { (_, sorted) => values(sorted) }";

const MIN_BY: &str = "match fold(xs, None, fn(best, item) => {
    let key = f(item)
    match best { Some((least, _)) => if key < least { Some((key, item)) } else { best }, None => Some((key, item)) }
  }) { Some((_, item)) => Some(item), None => None }";

const MAX_BY: &str = "match fold(xs, None, fn(best, item) => {
    let key = f(item)
    match best { Some((most, _)) => if key > most { Some((key, item)) } else { best }, None => Some((key, item)) }
  }) { Some((_, item)) => Some(item), None => None }";

const OPTION_MAP: &str = "match xs { Some(item) => Some(f(item)), None => None }";

const OPTION_FILTER: &str =
    "match xs { Some(item) => if f(item) { Some(item) } else { None }, None => None }";

const OPTION_FLAT_MAP: &str = "match xs { Some(item) => f(item), None => None }";

const OPTION_LIST: &str = "match xs { Some(item) => [item], None => [] }";

const SET_MAP: &str = "fold(xs, Set[], fn(so_far, item) => insert(so_far, f(item)))";

const TEXT_LIST: &str = "map(code_points(xs), fn(point) => from_code_points([point]) ?? \"\")";

const TEXT_FILTER: &str = "join(filter(map(code_points(xs), fn(point) => from_code_points([point]) ?? \"\"), fn(item) => f(item)), \"\")";

const BYTES_FILTER: &str = "bytes(filter(ints(xs), fn(item) => f(item))) ?? x\"\"";

const ZIP: &str = "match fold(x, (0, []), fn((count, so_far), item) => match y[count] {
    Some(other) => (count + 1, push(so_far, (item, other))), None => (count, so_far)
  }) { (_, all) => all }";

const UPDATE: &str = "insert(x, y, f(x[y] ?? z))";

const UNION: [&str; 2] = [
    "fold(y, x, fn(so_far, item) => insert(so_far, item))",
    "fold(y, x, fn(so_far, (key, value)) => insert(so_far, key, value))",
];

const INTERSECTION: [&str; 2] = [
    "filter(x, fn(item) => contains(y, item))",
    "filter(x, fn((key, _)) => contains(y, key))",
];

const DIFFERENCE: [&str; 2] = [
    "filter(x, fn(item) => not contains(y, item))",
    "filter(x, fn((key, _)) => not contains(y, key))",
];

/// Over the digits and not over the number: the least `Int` has no opposite.
const FIXED: &str = "{
    let text = show(x)
    let sign = if starts_with(text, \"-\") { \"-\" } else { \"\" }
    let digits = drop(text, len(sign))
    let padded = fold(range(0, y + 1 - len(digits), 19), digits, fn(so_far, _) => \"0\" ++ so_far)
    let whole = sign ++ take(padded, len(padded) - y)
    if y > 0 { whole ++ \".\" ++ take_last(padded, y) } else { sign ++ digits }
  }";

/// ASCII only: the tables of Unicode change, and two nodes would disagree.
const LOWER: &str = "from_code_points(map(code_points(x), fn(point) =>
    if point >= 65 and point <= 90 { point + 32 } else { point })) ?? x";

const UPPER: &str = "from_code_points(map(code_points(x), fn(point) =>
    if point >= 97 and point <= 122 { point - 32 } else { point })) ?? x";

const TRIM: &str = "match fold(code_points(x), (0, 0, 0), fn((count, from, to), point) =>
    if point == 32 or point == 9 or point == 10 or point == 13 {
      (count + 1, if to == 0 { count + 1 } else { from }, to)
    } else { (count + 1, from, count + 1) }) { (_, from, to) => slice(x, from, to) }";

const HEX: &str = "join(map(ints(x), fn(byte) =>
    slice(\"0123456789abcdef\", byte / 16, byte / 16 + 1) ++ slice(\"0123456789abcdef\", byte % 16, byte % 16 + 1)), \"\")";

const PARSE_HEX: &str = "match fold(code_points(x), Some((None, [])), fn(so_far, point) => match so_far {
    None => None
    Some((half, before)) => {
      let digit = if point >= 48 and point <= 57 { point - 48 } else if point >= 97 and point <= 102 {
        point - 87
      } else if point >= 65 and point <= 70 { point - 55 } else { -1 }
      if digit < 0 { None } else {
        match half { None => Some((Some(digit), before)), Some(high) => Some((None, push(before, high * 16 + digit))) }
      }
    }
  }) { Some((None, all)) => bytes(all), _ => None }";

/// The text of a function that has one type.
pub(super) fn plain_template(builtin: Builtin) -> Option<&'static str> {
    Some(match builtin {
        Builtin::Fixed => FIXED,
        Builtin::Lower => LOWER,
        Builtin::Upper => UPPER,
        Builtin::Trim => TRIM,
        Builtin::Hex => HEX,
        Builtin::ParseHex => PARSE_HEX,
        _ => return None,
    })
}

impl Checker<'_> {
    /// A function of a collection alone.
    pub(super) fn of_collection(
        &mut self,
        entry: &Entry,
        given: Given<'_>,
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        let (over, Some(collection)) = self.collection(entry, given, None) else {
            return self.unknown(span);
        };
        let template = match entry.builtin {
            Builtin::ToSet => TO_SET,
            Builtin::ToMap if !self.has_pairs(collection, entry, given) => {
                return self.unknown(span);
            }
            Builtin::ToMap => TO_MAP,
            Builtin::Enumerate => ENUMERATE,
            Builtin::Unique => UNIQUE,
            _ => ENTRIES,
        };
        self.expanded(template, over, None, hint, span)
    }

    fn has_pairs(&mut self, collection: Collection, entry: &Entry, given: Given<'_>) -> bool {
        let span = self.given_span(given);
        let parts = vec![self.types.hole(span), self.types.hole(span)];
        let pair = self.types.make(Form::Tuple(parts.clone()));
        if self.types.unify(collection.item(), pair) {
            return true;
        }
        self.forget(&parts);
        let found = with_article(&self.types.describe(collection.item()));
        let title = format!(
            "`{}` is for pairs of key and value, this has {found} in it",
            entry.name
        );
        self.report(
            Problem::new(T112, span, title)
                .helping("make pairs first: `map(…, fn(item) => (key, item))`"),
        );
        false
    }

    /// A function of a collection and of what a function gives for each item.
    pub(super) fn by_function(
        &mut self,
        entry: &Entry,
        given: &[Given<'_>],
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        let value = self.argument_like(given[0], None);
        let kind = self.draft.type_of(value);
        if let (Builtin::FlatMap, Form::Option(item)) = (entry.builtin, self.types.form(kind)) {
            let callback = self.callback(given[1], &[item], hint);
            let other = self.types.hole(span);
            let option = self.types.make(Form::Option(other));
            if !self.is_held(callback.body, option) {
                return self.unknown(span);
            }
            return self.expanded(OPTION_FLAT_MAP, value, Some(callback), Some(option), span);
        }
        let (over, collection) = self.collection_of(entry, value, self.given_span(given[0]));
        let Some(collection) = collection else {
            return self.look_at_rest(given, span);
        };
        let callback = self.callback(given[1], &[collection.item()], None);
        let content = self.types.hole(span);
        let (template, wanted) = match entry.builtin {
            Builtin::FilterMap => (FILTER_MAP, Some(Form::Option(content))),
            Builtin::FlatMap => (FLAT_MAP, Some(Form::List(content))),
            Builtin::SortBy => (SORT_BY, None),
            Builtin::MinBy => (MIN_BY, None),
            _ => (MAX_BY, None),
        };
        let wanted = wanted.map_or(content, |form| self.types.make(form));
        if !self.is_held(callback.body, wanted) {
            return self.unknown(span);
        }
        self.expanded(template, over, Some(callback), hint, span)
    }

    /// `map` and `filter` of what is neither a list nor a map; `None` if it is one.
    pub(super) fn mapped(
        &mut self,
        entry: &Entry,
        value: ExprId,
        given: Given<'_>,
        hint: Option<Partial>,
        span: Span,
    ) -> Option<ExprId> {
        let kind = self.draft.type_of(value);
        let is_filter = entry.builtin == Builtin::Filter;
        let (template, item) = match self.types.form(kind) {
            Form::Option(item) => (if is_filter { OPTION_FILTER } else { OPTION_MAP }, item),
            Form::Set(item) if !is_filter => (SET_MAP, item),
            _ if is_filter && self.types.is_text(kind) => (TEXT_FILTER, kind),
            _ if is_filter && self.types.is_bytes(kind) => (BYTES_FILTER, self.types.int()),
            _ => return None,
        };
        let inside = match hint.map(|hint| self.types.form(hint)) {
            _ if is_filter => Some(self.types.bool()),
            Some(Form::Option(inside) | Form::Set(inside)) => Some(inside),
            _ => None,
        };
        let callback = self.callback(given, &[item], inside);
        if is_filter {
            let bool = self.types.bool();
            if !self.is_held(callback.body, bool) {
                return Some(self.unknown(span));
            }
        }
        Some(self.expanded(template, value, Some(callback), hint, span))
    }

    /// An option, text or byte string as a list of what is in it; `None` if it is another type.
    pub(super) fn as_list(&mut self, value: ExprId, span: Span) -> Option<ExprId> {
        let kind = self.draft.type_of(value);
        let template = match self.types.form(kind) {
            Form::Option(_) => OPTION_LIST,
            _ if self.types.is_text(kind) => TEXT_LIST,
            _ if self.types.is_bytes(kind) => "ints(xs)",
            _ => return None,
        };
        Some(self.expanded(template, value, None, None, span))
    }

    /// `zip`
    pub(super) fn zip(&mut self, entry: &Entry, given: &[Given<'_>], span: Span) -> ExprId {
        let mut values = Vec::new();
        for one in given {
            let (over, Some(collection)) = self.collection(entry, *one, None) else {
                return self.look_at_rest(given, span);
            };
            let is_list = matches!(collection, Collection::List { .. });
            values.push(match is_list {
                true => over,
                false => self.expanded(ENTRIES, over, None, None, span),
            });
        }
        self.expanded_with(ZIP, &values, None, None, span)
    }

    /// `update(map, key, default, f)`
    pub(super) fn update_entry(
        &mut self,
        entry: &Entry,
        given: &[Given<'_>],
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        let Some((map, key, value)) = self.map_argument(entry, given[0], hint) else {
            return self.look_at_rest(given, span);
        };
        let mistakes = self.mistakes;
        let key = self.argument(given[1], key);
        let default = self.argument(given[2], value);
        let callback: Callback = self.callback(given[3], &[value], Some(value));
        if !self.is_held(callback.body, value) || self.mistakes > mistakes {
            return self.unknown(span);
        }
        self.expanded_with(UPDATE, &[map, key, default], Some(callback), hint, span)
    }

    /// `union`, `intersection` and `difference` of two sets, or of two maps by their keys.
    pub(super) fn of_two(
        &mut self,
        entry: &Entry,
        given: &[Given<'_>],
        hint: Option<Partial>,
        span: Span,
    ) -> ExprId {
        let left = self.argument_like(given[0], hint);
        let kind = self.draft.type_of(left);
        let [set, map] = match entry.builtin {
            Builtin::Union => UNION,
            Builtin::Intersection => INTERSECTION,
            _ => DIFFERENCE,
        };
        let template = match self.types.form(kind) {
            Form::Set(_) => set,
            Form::Map(..) => map,
            form => {
                let at = self.given_span(given[0]);
                self.report_no_set(entry, &form, kind, at);
                return self.look_at_rest(given, span);
            }
        };
        let mistakes = self.mistakes;
        let right = self.argument(given[1], kind);
        if self.mistakes > mistakes {
            return self.unknown(span);
        }
        self.expanded_with(template, &[left, right], None, Some(kind), span)
    }

    fn report_no_set(&mut self, entry: &Entry, form: &Form, kind: Partial, span: Span) {
        let problem = match form {
            Form::Unknown => return,
            Form::Hole => {
                self.too_early(span, &format!("`{}` does not know what it is", entry.name))
            }
            _ => {
                let found = with_article(&self.types.describe(kind));
                let title = format!("`{}` is for sets and maps, this is {found}", entry.name);
                let problem = Problem::new(T112, span, title);
                match (form, self.quote(span)) {
                    (Form::List(_), Some(text)) => {
                        problem.helping(format!("make a set of it: `to_set({text})`"))
                    }
                    _ => problem.helping(format!("write it like `{}`", entry.usage)),
                }
            }
        };
        self.report(problem);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::parse;
    use crate::source::Source;

    #[test]
    fn every_template_is_read_without_a_problem() {
        let singles = [
            ENTRIES,
            TO_SET,
            TO_MAP,
            ENUMERATE,
            UNIQUE,
            FILTER_MAP,
            FLAT_MAP,
            SORT_BY,
            MIN_BY,
            MAX_BY,
            OPTION_MAP,
            OPTION_FILTER,
            OPTION_FLAT_MAP,
            OPTION_LIST,
            SET_MAP,
            TEXT_LIST,
            TEXT_FILTER,
            BYTES_FILTER,
            ZIP,
            UPDATE,
            FIXED,
            LOWER,
            UPPER,
            TRIM,
            HEX,
            PARSE_HEX,
        ];
        for template in [UNION, INTERSECTION, DIFFERENCE]
            .concat()
            .iter()
            .chain(&singles)
        {
            let source = Source::new("built-in", *template).unwrap();
            let problems = parse::expression(&source).1;
            assert!(
                !problems.has_errors(),
                "{}",
                problems.render(&source, false)
            );
        }
    }
}
