//! The categorical abstract machine.
//!
//! The street through this crate goes one way:
//!
//! ```text
//! Combinators -> Bytecode -> Program -> Instance
//!          compile     verify     start
//! ```
//!
//! Untrusted bytes join it at [`Bytecode`](bytecode::Bytecode) through `decode`; whatever comes from
//! there is believed by nobody until `verify` has made a `Program` of it.
//!
//! What this crate does **not** know: source text and its grammar (that is `dsl`), clocks, files, sockets,
//! threads, keys, signatures (that is `node`). The same bytes and the same input give the same answer
//! on every machine and every day.

#![forbid(unsafe_code)]

pub mod limits;

pub mod closure;
pub mod types;
pub mod value;

pub mod combinator;
mod ill_typed;
mod operation;
pub mod schema;

pub mod compile;
mod layout;
pub mod state;

pub mod bytecode;
pub mod code;
pub mod instruction;

mod invalid;
mod typing;
mod uses;
pub mod verify;

pub mod chain;
pub mod provenance;

pub mod decode;
pub mod digest;
pub mod encode;
mod malformed;
mod reader;
mod writer;

pub mod assembly;
pub mod debug;

mod engine;
pub mod entry;
mod fuel;
mod library;
pub mod machine;
pub mod measure;
pub mod memo;
pub mod register;
mod rounds;
pub mod ssa;
pub mod trap;
mod unpacked;

mod conversion;
mod inquiry;
pub mod instance;
mod pending;
