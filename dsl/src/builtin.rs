//! THE table of built-in functions. What each means is in `check::collection`; nothing else knows their names.

use crate::typed::Operator;

/// A function of the language.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Builtin {
    Minimum,
    Maximum,
    Absolute,
    Clamp,
    MultiplyDivide,
    Show,
    ParseInt,
    Size,
    Contains,
    Insert,
    Remove,
    Keys,
    Values,
    Push,
    Fold,
    Sum,
    Any,
    All,
    Count,
    Find,
    Map,
    Filter,
    Range,
    Take,
    Drop,
    Slice,
    TakeLast,
    Last,
    Reverse,
    Has,
    StartsWith,
    EndsWith,
    Split,
    Join,
    CodePoints,
    FromCodePoints,
    Bytes,
    Ints,
    ToBytes,
    FromBytes,
    Hash,
    Same,
    Fixed,
    Lower,
    Upper,
    Trim,
    Hex,
    ParseHex,
    Entries,
    Items,
    ToSet,
    ToMap,
    Enumerate,
    Unique,
    FilterMap,
    FlatMap,
    SortBy,
    MinBy,
    MaxBy,
    Zip,
    Update,
    Union,
    Intersection,
    Difference,
}

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    pub(crate) name: &'static str,
    pub(crate) builtin: Builtin,
    /// How many arguments it takes at most.
    pub(crate) arity: usize,
    /// How it is called, for messages.
    pub(crate) usage: &'static str,
}

macro_rules! table {
    ($($name:literal $builtin:ident $arity:literal $usage:literal)*) => {
        /// Every built-in function.
        pub(crate) const TABLE: &[Entry] = &[
            $(Entry { name: $name, builtin: Builtin::$builtin, arity: $arity, usage: $usage }),*
        ];
    };
}

table! {
    "abs"              Absolute       1 "abs(number)"
    "all"              All            2 "all(list, fn(item) => …)"
    "any"              Any            2 "any(list, fn(item) => …)"
    "bytes"            Bytes          1 "bytes(numbers)"
    "clamp"            Clamp          3 "clamp(number, low, high)"
    "code_points"      CodePoints     1 "code_points(text)"
    "contains"         Contains       2 "contains(map, key)"
    "count"            Count          2 "count(list, fn(item) => …)"
    "difference"       Difference     2 "difference(these, those)"
    "drop"             Drop           2 "drop(list, count)"
    "ends_with"        EndsWith       2 "ends_with(text, part)"
    "entries"          Entries        1 "entries(map)"
    "enumerate"        Enumerate      1 "enumerate(list)"
    "filter"           Filter         2 "filter(list, fn(item) => …)"
    "filter_map"       FilterMap      2 "filter_map(list, fn(item) => …)"
    "find"             Find           2 "find(list, fn(item) => …)"
    "fixed"            Fixed          2 "fixed(number, decimals)"
    "flat_map"         FlatMap        2 "flat_map(list, fn(item) => …)"
    "fold"             Fold           3 "fold(list, start, fn(so_far, item) => …)"
    "from_bytes"       FromBytes      1 "from_bytes(bytes)"
    "from_code_points" FromCodePoints 1 "from_code_points(numbers)"
    "has"              Has            2 "has(text, part)"
    "hash"             Hash           1 "hash(bytes)"
    "hex"              Hex            1 "hex(bytes)"
    "insert"           Insert         3 "insert(map, key, value)"
    "intersection"     Intersection   2 "intersection(these, those)"
    "ints"             Ints           1 "ints(bytes)"
    "items"            Items          1 "items(collection)"
    "join"             Join           2 "join(texts, separator)"
    "keys"             Keys           1 "keys(map)"
    "last"             Last           1 "last(list)"
    "len"              Size           1 "len(list)"
    "lower"            Lower          1 "lower(text)"
    "map"              Map            2 "map(list, fn(item) => …)"
    "max"              Maximum        2 "max(number, number)"
    "max_by"           MaxBy          2 "max_by(list, fn(item) => …)"
    "min"              Minimum        2 "min(number, number)"
    "min_by"           MinBy          2 "min_by(list, fn(item) => …)"
    "mul_div"          MultiplyDivide 3 "mul_div(number, times, by)"
    "parse_hex"        ParseHex       1 "parse_hex(text)"
    "parse_int"        ParseInt       1 "parse_int(text)"
    "push"             Push           2 "push(list, item)"
    "range"            Range          3 "range(from, to, most)"
    "remove"           Remove         2 "remove(map, key)"
    "reverse"          Reverse        1 "reverse(list)"
    "same"             Same           1 "same(value)"
    "show"             Show           1 "show(number)"
    "size"             Size           1 "size(map)"
    "slice"            Slice          3 "slice(list, from, to)"
    "sort_by"          SortBy         2 "sort_by(list, fn(item) => …)"
    "split"            Split          2 "split(text, separator)"
    "starts_with"      StartsWith     2 "starts_with(text, part)"
    "sum"              Sum            1 "sum(list)"
    "take"             Take           2 "take(list, count)"
    "take_last"        TakeLast       2 "take_last(list, count)"
    "to_bytes"         ToBytes        1 "to_bytes(value)"
    "to_map"           ToMap          1 "to_map(pairs)"
    "to_set"           ToSet          1 "to_set(list)"
    "trim"             Trim           1 "trim(text)"
    "union"            Union          2 "union(these, those)"
    "unique"           Unique         1 "unique(list)"
    "update"           Update         4 "update(map, key, default, fn(value) => …)"
    "upper"            Upper          1 "upper(text)"
    "values"           Values         1 "values(map)"
    "zip"              Zip            2 "zip(list, list)"
}

impl Entry {
    /// How many arguments may be left out at the end.
    pub(crate) fn optional(&self) -> usize {
        usize::from(matches!(self.builtin, Builtin::Range | Builtin::Insert))
    }

    /// Whether it can be called with so many arguments.
    pub(crate) fn takes(&self, count: usize) -> bool {
        (self.arity - self.optional()..=self.arity).contains(&count)
    }
}

/// The operators by their names as arrows.
pub(crate) const OPERATORS: [(&str, Operator); 11] = [
    ("add", Operator::Add),
    ("sub", Operator::Subtract),
    ("mul", Operator::Multiply),
    ("div", Operator::Divide),
    ("rem", Operator::Remainder),
    ("eq", Operator::Equal),
    ("ne", Operator::NotEqual),
    ("lt", Operator::Less),
    ("le", Operator::LessOrEqual),
    ("gt", Operator::Greater),
    ("ge", Operator::GreaterOrEqual),
];

/// Other arrows that are a word.
const ARROWS: &[&str] = &[
    "append", "apply", "case", "choose", "curry", "distl", "each", "first", "fst", "get", "id",
    "inl", "inr", "modify", "not_", "put", "second", "snd", "tap",
];

/// The built-in function of this name.
pub(crate) fn find(name: &str) -> Option<&'static Entry> {
    TABLE.iter().find(|entry| entry.name == name)
}

/// The arrows that are a word, the operators among them.
pub(crate) fn arrow_names() -> impl Iterator<Item = &'static str> {
    let operators = OPERATORS.iter().map(|(name, _)| *name);
    ARROWS.iter().copied().chain(operators)
}

/// Whether a name may not be given to a function or constant: it is built in.
pub(crate) fn is_taken(name: &str) -> bool {
    let is_operator = OPERATORS.iter().any(|(own, _)| *own == name);
    is_operator || find(name).is_some() || ARROWS.contains(&name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_in_order_and_each_is_there_once() {
        assert!(
            TABLE.windows(2).all(|pair| pair[0].name < pair[1].name),
            "sort the table"
        );
    }
}
