//! Every bound on source text, with its reason.

/// Bytes of one source file. Spans are 32-bit, and a machine anyone can read is a thousand times smaller.
pub const SOURCE_BYTES_MAX: usize = 4 * 1024 * 1024;

/// Brackets, branches and bodies inside each other. The parser recurses once for each, so this is what
/// keeps it on a 2 MiB stack; people lose their way at a tenth of it.
pub const NESTING_MAX: usize = 64;

/// Height of the tree, which also grows by one for each operator of a chain (`a + b + c`, `x.y.z`,
/// `else if`). Everything after the parser recurses on the tree, its destructor included.
pub const HEIGHT_MAX: usize = 128;

/// Statements of one block. A `let` is a nesting in the meaning (`let x = a; b` is `b` inside `a`), so
/// later stages may recurse over them.
pub const STATEMENTS_MAX: usize = 1_000;

/// Problems reported for one file. Nobody reads the hundred-and-first, and a hostile file could hold millions.
pub const PROBLEMS_MAX: usize = 100;

/// Bytes of source shown with one problem; a longer excerpt is replaced by its position.
pub const EXCERPT_BYTES_MAX: usize = 64 * 1024;
