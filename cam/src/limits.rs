//! Every bound of the machine, with its reason and its worst case.
//!
//! A bound is part of the protocol: two nodes that disagree about one would disagree about which
//! programs exist. Raising a bound therefore needs a new format number.

/// Bytes of one encoded module. 1 MiB holds programs of about a hundred thousand instructions, and
/// a hostile module of this size is verified in milliseconds.
pub const MODULE_BYTES_MAX: usize = 1 << 20;

/// Bytes of a module's assembly. A byte of a module takes at most 40 of text: a short instruction, indented.
pub const ASSEMBLY_BYTES_MAX: usize = 1 << 26;

/// Bytes of a program's debug data. A place takes at most 13 bytes, and hardly ever more than 5.
pub const DEBUG_BYTES_MAX: usize = 1 << 24;

/// Sources that one program's debug data names.
pub const DEBUG_FILES_MAX: usize = 256;

/// Bytes of a file's or function's name in debug data.
pub const DEBUG_NAME_BYTES_MAX: usize = 1024;

/// Entries of a module's type table. The verifier's memory is linear in it.
pub const TYPES_MAX: usize = 4096;

/// Height of a type, and so the nesting of any of its values. Compare, print, encode and drop walk a
/// value recursively; 32 frames fit on any stack.
pub const TYPE_HEIGHT_MAX: u32 = 32;

/// Slots of a type when products are laid flat (a sum is one more than its widest payload, the empty
/// product is 1). It bounds the parts of a value outside containers. A table of
/// `t x t` entries would otherwise name a value of 2^4096 leaves in a few kilobytes.
pub const TYPE_WIDTH_MAX: u64 = 1024;

/// Components of a product and constructors of a sum; a sum's tag is one byte.
pub const ARITY_MAX: usize = 255;

/// Functions of a module.
pub const FUNCTIONS_MAX: usize = 4096;

/// Instructions of one function, delimiters included.
pub const FUNCTION_INSTRUCTIONS_MAX: usize = 1 << 16;

/// Values in a module's pool of constants.
pub const POOL_MAX: usize = 4096;

/// Values on the stack of one function.
pub const STACK_MAX: usize = 1024;

/// Open `case`s inside one another in a function.
pub const CASE_DEPTH_MAX: usize = 128;

/// Functions on the longest call path, fold bodies included. With `STACK_MAX` it bounds the machine's
/// space before the first step.
pub const CALL_HEIGHT_MAX: u32 = 128;

/// Nesting of combinators other than composition. State passing and the compiler walk an arrow
/// recursively, with about 5 KiB of stack a level without optimisation: 256 levels fit in the 2 MiB of a
/// thread. Composition is walked with an explicit stack, so a long straight line costs no depth.
pub const ARROW_DEPTH_MAX: u32 = 256;

/// Combinators of one module under construction. Bounds the compiler's memory.
pub const ARROWS_MAX: usize = 1 << 22;

/// Bytes of one name in a schema.
pub const NAME_BYTES_MAX: usize = 64;

/// Entries of a schema: shapes with their names. As many as types.
pub const SHAPES_MAX: usize = 4096;

/// Bytes of one text or byte string.
pub const TEXT_BYTES_MAX: usize = 1 << 24;

/// Items of one list that `lcat` makes. A list may share its parts with itself, so doubling one again and
/// again costs little memory here, and all memory where nothing is shared. A state holds fewer items: eleven
/// million units weigh `STATE_WEIGHT_MAX`.
pub const LIST_ITEMS_MAX: usize = 1 << 24;

/// Weight of all constants of a module. A list of 2^32 units is five bytes on the wire, so bytes alone
/// bound nothing; weight is charged before an element is built.
pub const POOL_WEIGHT_MAX: u64 = 1 << 22;

/// Weight of one input, decoded from a stranger's bytes.
pub const INPUT_WEIGHT_MAX: u64 = 1 << 22;

/// Weight of one output. Encoded it is at most a quarter larger and fits in an answer of 1 MiB.
pub const OUTPUT_WEIGHT_MAX: u64 = 1 << 19;

/// Weight of a machine's state: 256 MiB. A step whose new state is heavier traps with `SizeLimit`.
pub const STATE_WEIGHT_MAX: u64 = 1 << 28;

/// Fuel of one step. An instruction costs 1 to a few dozen units, so the longest step takes about a
/// second on the reference interpreter.
pub const STEP_FUEL: u64 = 10_000_000;

/// Fuel of one migration: it visits the whole state once. A map entry costs a few dozen units, so this
/// is a state of some ten million entries; a hostile migration that burns all of it takes a minute or
/// two, during which the node's other machines wait.
pub const MIGRATION_FUEL: u64 = 1_000_000_000;

/// Names in the graph of one function. Each is a register of 8 bytes, and a register has a 16-bit number.
/// A program above it runs on the reference interpreter.
pub const GRAPH_NAMES_MAX: usize = 1 << 16;

/// Slots that are copied while a program is translated to graphs, all its functions together. Bounds the
/// time and memory of the translation, which happens once, before the first step: a fraction of a second
/// and some hundred megabytes at the worst. A program above it runs on the reference interpreter.
pub const GRAPH_SLOTS_MAX: usize = 1 << 22;
/// Slots that jumps are given more while blocks are left out that only pass on: whoever jumps to such a block
/// takes over all that it gives. Above it such blocks stay.
pub const SHORTCUT_SLOTS_MAX: usize = 1 << 16;

/// Words of live sets that are looked at to find last uses. Above it containers are copied before they are
/// changed.
pub const LIVENESS_WORK_MAX: usize = 1 << 20;

/// Nodes of the codec of an input or output: types at places. A type above it is read and written through
/// values.
pub const CODEC_NODES_MAX: usize = 1 << 12;

/// Slots behind the payloads in such a codec, all its constructors together: 128 KiB. A module of a mebibyte
/// could ask for half a gibibyte.
pub const CODEC_SLOTS_MAX: usize = 1 << 16;

/// Entries of the register interpreter's table that one step makes. What nobody uses stays there to the end of
/// the step, and fuel does not pay for it: a hundred megabytes at the worst. A step above it is the
/// reference interpreter's.
pub const STEP_ENTRIES_MAX: usize = 1 << 22;

/// Register files of half a mebibyte that a program keeps for its next runs: as many as run at once on a
/// small node.
pub const SPARE_FILES_MAX: usize = 4;

/// Places of a state whose leaves are followed through a migration: parts by name, one for all items of a container.
/// A type of a few kilobytes could have 2^32. Above it nothing is known of the migration.
pub const PLACES_MAX: usize = 2048;

/// Work of following one migration: instructions, parts that are looked at and words of sets that are joined. A
/// fraction of a second at the worst, for whoever may deliver a bundle. A migration above it is not known.
pub const FLOW_WORK_MAX: usize = 1 << 22;
