//! Every bound on source text, with its reason.

/// Bytes of one source file. Spans are 32-bit, and a machine anyone can read is a thousand times smaller.
pub const SOURCE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Expressions, patterns, types and arrows inside each other. The parser recurses once for each, with up to
/// 30 KiB of stack without optimisation, and must stay well below the 2 MiB a thread has. People lose their
/// way at a tenth of it.
pub const NESTING_MAX: usize = 48;

/// Operations that build on each other: each operator of a chain (`a + b + c`, `x.y.z`, `else if`) makes the
/// tree one node higher, and each item of a list pattern too, without recursion in the parser. Everything after it recurses on the tree, its
/// destructor included; no path in it has more than `HEIGHT_MAX + NESTING_MAX` expressions.
pub const HEIGHT_MAX: usize = 128;

/// Statements of one block. A `let` is a nesting in the meaning (`let x = a; b` is `b` inside `a`), so
/// later stages may recurse over them.
pub const STATEMENTS_MAX: usize = 1_000;

/// Problems reported for one file. Nobody reads the hundred-and-first, and a hostile file could hold millions.
pub const PROBLEMS_MAX: usize = 100;

/// Known names that an unknown one is compared with. Each of the problems costs as many comparisons, and no program
/// that a person wrote has more.
pub const NAMES_COMPARED_MAX: usize = 4_096;

/// Bytes of source shown with one problem; a longer excerpt is replaced by its position.
pub const EXCERPT_BYTES_MAX: usize = 64 * 1024;

/// Characters of a name in a message; a longer one is cut. No name that a machine may have is longer.
pub const SHOWN_NAME_CHARS_MAX: usize = 64;

/// Arms that an editor adds to one match; one more takes all that is left. Nobody wants to fill in more than a screen.
pub const ARMS_ADDED_MAX: usize = 24;
