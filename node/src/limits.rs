//! Every bound of the node, with its reason.
//!
//! Bounds that an operator may change stand in the config file; here are their defaults and the span
//! within which they may move.

use std::{ops::RangeInclusive, time::Duration};

const KIB: usize = 1024;
const MIB: usize = 1024 * KIB;

// Files.

/// A secret key file is one line of 87 bytes; more is some other file.
pub const SECRET_KEY_FILE_BYTES_MAX: usize = 128;

/// A trust file is read at every request. This holds more than 1,000 keys.
pub const TRUST_FILE_BYTES_MAX: usize = 256 * KIB;

/// Keys in a trust file. Checking duplicates is `n log n`; a fleet has dozens.
pub const TRUST_KEYS_MAX: usize = 1024;

/// A config file is a page of text.
pub const CONFIG_FILE_BYTES_MAX: usize = 64 * KIB;

// Names.

/// The bytes of the name of a machine or a key. Names stand in logs, tables and error messages.
pub const NAME_BYTES_MAX: usize = 64;

/// Machines that one trust entry may name.
pub const TRUST_MACHINES_MAX: usize = 256;

// Messages.

/// A bundle: old and new bytecode, migration and adapters. Also what one operator can make the node hold.
pub const BUNDLE_BYTES_MAX: usize = 4 * MIB;

/// A request that carries a bundle: the bundle and a few bytes around it.
pub const PUSH_BYTES_MAX: usize = BUNDLE_BYTES_MAX + KIB;

/// Any other request. An input is data for one step, not a file transfer.
pub const REQUEST_BYTES_MAX: usize = MIB;

/// The first bytes of a request, which name its kind: enough for the longest name.
pub const REQUEST_KIND_BYTES_MAX: usize = 16;

/// An answer. States are the largest thing a node sends.
pub const RESPONSE_BYTES_MAX: usize = 64 * MIB;

/// Entries of a ledger in one answer; the rest is asked for by `after`.
pub const LEDGER_ENTRIES_MAX: u32 = 1000;

/// Bytes of one such answer, and at least one entry: what it takes to print a thousand usual ones twenty times over.
pub const LEDGER_ANSWER_BYTES: usize = 4 * MIB;

/// Bytes that long answers hold together until they are taken: states, journals, ledgers. A peer may take its time,
/// [`TRANSFER_SECONDS`], and may have asked for a hundred. For a moment, while one is encoded, it is there twice.
pub const ANSWERS_BYTES: usize = 256 * MIB;

/// Those of one key: two states of the greatest size, so that one holder cannot take all.
pub const ANSWERS_BYTES_PER_KEY: usize = 128 * MIB;

/// Those above [`ANSWERS_BYTES`] for keys that may deliver: one such state.
pub const ANSWERS_BYTES_RESERVED: usize = RESPONSE_BYTES_MAX;

/// Bytes of an input or an answer that are kept of the first difference between two programs: what somebody reads. It
/// stays in the ledger for ever; the journal has the whole input at its place.
pub const DIFFERENCE_BYTES_MAX: usize = 16 * KIB;

// Connections.

/// Handshakes in progress. Each costs a signature and some 100 KiB; an unknown peer can cause them.
pub const HANDSHAKES_MAX: usize = 64;

/// From this many handshakes in progress on, a peer must first prove its address (QUIC retry).
pub const HANDSHAKES_WITHOUT_RETRY_MAX: usize = 16;

/// Time for one handshake. A slow one is an attack or a broken network.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);

/// Packets of connections that wait for the node to take them, in connections and in bytes.
pub const INCOMING_MAX: usize = 256;

/// Bytes that wait with one such connection.
pub const INCOMING_BYTES_MAX: u64 = 16 * 1024;

/// Established connections, by default. At most 5 MiB of windows each.
pub const CONNECTIONS: usize = 128;

/// What an operator may set [`CONNECTIONS`] to.
pub const CONNECTIONS_SPAN: RangeInclusive<usize> = 1..=4096;

/// Connections above the limit that only operators may open: a crowd of clients locks nobody out.
pub const CONNECTIONS_RESERVED: usize = 8;

/// Established connections of one key, by default: one holder cannot take all of them.
pub const CONNECTIONS_PER_KEY: usize = 16;

/// Requests in progress on one connection.
pub const STREAMS_PER_CONNECTION: u32 = 32;

/// Unread bytes of one connection that the node holds.
pub const RECEIVE_WINDOW: u32 = 4 * 1024 * 1024;

/// Unread bytes of one request that the node holds.
pub const STREAM_RECEIVE_WINDOW: u32 = 1024 * 1024;

/// Unacknowledged bytes of answers on one connection.
pub const SEND_WINDOW: u64 = 4 * 1024 * 1024;

/// Silence after which a connection is given up. A waiting client sends keep-alives. This is also how
/// long a client takes to notice that its node has died: UDP has no reset.
pub const IDLE_TIMEOUT: Duration = Duration::from_secs(10);

/// How often a client that waits for an answer says that it is still there.
pub const KEEP_ALIVE: Duration = Duration::from_secs(3);

// Requests.

/// Requests in progress on the node, by default. A request above it is answered `busy` at once.
pub const REQUESTS: usize = 256;

/// What an operator may set [`REQUESTS`] to.
pub const REQUESTS_SPAN: RangeInclusive<usize> = 1..=4096;

/// The part of [`REQUESTS`] that one key may have in progress is 1 / this.
pub const REQUESTS_PER_KEY_SHARE: usize = 2;

/// Requests above [`REQUESTS`] that only those may have in progress who may deliver: however many clients leave their
/// requests half sent, a machine can be taken back.
pub const REQUESTS_RESERVED: usize = 16;

/// Bundles in progress on the node, once they have arrived: each holds [`PUSH_BYTES_MAX`] and a verifier.
pub const PUSHES: usize = 4;

/// Time for a whole request to arrive, and for a whole answer to be taken, by default. An idle timer
/// alone lets a peer hold a request open for ever with one byte now and then.
pub const TRANSFER_SECONDS: u64 = 30;

/// What an operator may set [`TRANSFER_SECONDS`] to.
pub const TRANSFER_SECONDS_SPAN: RangeInclusive<u64> = 1..=600;

/// Time that requests in progress have to finish when the node is told to stop, by default.
pub const SHUTDOWN_SECONDS: u64 = 10;

/// What an operator may set [`SHUTDOWN_SECONDS`] to.
pub const SHUTDOWN_SECONDS_SPAN: RangeInclusive<u64> = 0..=600;

/// Time for peers to hear that the node closes its connections. The last thing before it ends.
pub const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Time that a process which is replaced has beyond the one for its last requests: the last commit and the end.
pub const TAKE_OVER_TIME: Duration = Duration::from_secs(30);

/// How often whoever waits for that is told so.
pub const TAKE_OVER_WORD_INTERVAL: Duration = Duration::from_secs(5);

/// How often a connection without requests is checked against the trust file.
pub const TRUST_CHECK_INTERVAL: Duration = Duration::from_secs(10);

// Clients.

/// Addresses of one name that a client tries.
pub const ADDRESSES_MAX: usize = 4;

/// Time for a client to reach a node.
pub const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Time for a client that goes to hand its last packet to the system, which takes microseconds.
pub const GOODBYE_TIMEOUT: Duration = Duration::from_millis(20);

/// Time for a client to wait for an answer. A migration of a large state is the slowest request.
pub const ANSWER_TIMEOUT: Duration = Duration::from_secs(60);

/// How long a client goes on trying after it has lost its node: a node that is replaced is back within seconds, and a
/// script is to outlive that.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// What an operator may ask for in its place: at most a day.
pub const PATIENCE_SECONDS_MAX: u64 = 86_400;

/// The first pause between two tries; each is twice as long as the one before.
pub const RECONNECT_PAUSE: Duration = Duration::from_millis(10);

/// And the longest: who waits for a node that starts wants to know soon.
pub const RECONNECT_PAUSE_MAX: Duration = Duration::from_secs(1);

/// Time for the first new connection; each later one has so much more, up to the usual. A packet that nobody has heard
/// is repeated after a second only, so a fresh try finds a node sooner.
pub const RECONNECT_TRY: Duration = Duration::from_secs(1);

// Bundles.

/// Signatures of a bundle. Verifying one takes tens of microseconds; a threshold is a few.
pub const SIGNATURES_MAX: usize = 16;

/// Bytes of the reason a bundle gives.
pub const NOTE_BYTES_MAX: usize = 1024;

// Machines.

/// What the name of a machine on a node is written with: it stands in tables, paths and commands.
pub const MACHINE_NAME_LETTERS: &str = "abcdefghijklmnopqrstuvwxyz0123456789-_";

/// Machines of one node. Each holds its state in memory.
pub const MACHINES_MAX: usize = 1024;

/// Queries, states, judgements of bundles that are worked on at once. Each may take a second and the memory
/// of a step; the others wait, and inputs wait for none of them.
pub const WORKERS: usize = 4;

/// And one more for keys that may deliver: an upgrade and the way back wait for no crowd of queries.
pub const WORKERS_RESERVED: usize = 1;

/// Pages of the store that are kept in memory. All that is read while the node runs is history, and what is
/// written is not read again; left alone, redb would keep 1 GiB.
pub const STORE_CACHE_BYTES: usize = 64 * MIB;

/// Commands that wait to be made durable. A further one is answered `busy`.
pub const QUEUE_MAX: usize = 4096;

/// Commands of one commit. It bounds what the first of them waits for.
pub const BATCH_MAX: usize = 512;

/// Time after which a commit takes no more commands: a step may take a second, and the first of them would wait for
/// them all. As long as some ten syncs, so that usual steps share one as before.
pub const BATCH_TIME_MAX: Duration = Duration::from_millis(50);

/// Programs before the running one whose clients are still served through adapters.
pub const LINEAGE_MAX: usize = 16;

/// A snapshot is written once the inputs since the last one take as many bytes as it did, and at least
/// so many: what a start replays and what a commit writes stay in proportion to the inputs.
pub const SNAPSHOT_INPUT_BYTES_LEAST: u64 = 16 * 1024;

/// And at the latest when the inputs since the last snapshot took so long to apply: small inputs may be dear,
/// and a start applies them all again before it serves anybody.
pub const REPLAY_TIME_MAX: Duration = Duration::from_secs(20);

/// Journal entries kept behind the last snapshot, for people who look back.
pub const JOURNAL_ENTRIES_KEPT: u64 = 1_000_000;

/// Bytes of them that are kept, beside those of a trial: a client that sends the longest inputs fills so much of the disk and
/// no more. Rehearsals begin up to twice [`REHEARSAL_BASE_STEPS`] and a batch before the last input, 2.5 GiB of the longest.
pub const JOURNAL_BYTES_KEPT: u64 = 4 * 1024 * 1024 * 1024;

/// The file of a life. A million inputs of two hundred bytes are in it; a longer life begins later.
pub const LIFE_BYTES_MAX: usize = 256 * MIB;

/// Commands of a journal in one answer; the rest is asked for by `after`.
pub const JOURNAL_COMMANDS_MAX: u32 = 10_000;

/// Bytes of commands in one answer, and at least one command: a bundle has 4 MiB, an input 1 MiB.
pub const JOURNAL_ANSWER_BYTES: usize = 8 * MIB;

// Sessions of numbered inputs.

/// An answer that is remembered for a client that asks again. Of a longer one only that it was given.
pub const SESSION_ANSWER_BYTES_MAX: usize = 64 * KIB;

/// What a session takes beside its answer, about: its name, its number, hashes, and its place in two maps.
pub const SESSION_BYTES: usize = 224;

/// What a machine remembers of the sessions of one name: of 1,100 with short answers. Each `cam send` is one.
pub const SESSIONS_BYTES_PER_KEY_MAX: usize = 256 * KIB;

/// What a machine remembers of all sessions. It is written with each snapshot.
pub const SESSIONS_BYTES_MAX: usize = 16 * MIB;

// Large states.

/// Weight from which on a state is large, by default: some 16,000 entries of a map of numbers, which take about 5 ms to
/// migrate and as long to encode and write. So long a client may wait for an upgrade; a large state is migrated in
/// two passes, and kept in chunks.
pub const LARGE_STATE_WEIGHT: u64 = 512 * 1024;

/// What an operator may set [`LARGE_STATE_WEIGHT`] to. No state is as heavy as the most.
pub const LARGE_STATE_WEIGHT_SPAN: RangeInclusive<u64> = 1024..=cam::limits::STATE_WEIGHT_MAX + 1;

/// Bytes of a chunk of a large state. A commit carries one at most of each machine, which takes about a millisecond more.
/// Where smaller states are large already, so are smaller parts of them: a fourth of that weight.
pub const CHUNK_BYTES_MAX: usize = 128 * KIB;

/// Entries that may be left to be made when an upgrade of a large state comes to its turn: about a millisecond.
pub const CATCH_UP_ROUNDS_FEW: u64 = 256;

/// How often a migration follows a machine that goes on before it takes its turn anyway.
pub const CATCH_UPS_MAX: usize = 16;

// Trials.

/// How long a program may be on trial, in milliseconds: 30 days. The machine before it is kept as long.
pub const TRIAL_TIME_MS_MAX: u64 = 30 * 24 * 3_600_000;

/// How many steps a trial may ask for. A rollback without a way back applies all inputs of a trial again, twice, while
/// all machines wait: some seconds for so many where steps take microseconds. A trial by time has no such bound.
pub const TRIAL_STEPS_MAX: u64 = 1_000_000;

/// How many steps may stop in a trial, at most.
pub const TRIAL_FAULTS_MAX: u64 = TRIAL_STEPS_MAX;

/// How often the node may die in a trial before the machine goes back. One death may be the power.
pub const TRIAL_STARTS_SPAN: RangeInclusive<u32> = 1..=100;

/// How often the writer looks whether the time of a trial is over.
pub const TRIAL_LOOK_INTERVAL: Duration = Duration::from_millis(100);

// Plans.

/// Inputs that a plan gives to both programs: enough to meet what is usual, little enough for a moment.
pub const REHEARSAL_COMMANDS_MAX: usize = 1_000;

/// Inputs after which the writer puts a copy of a machine aside, to rehearse from. The one before is kept too, so
/// that there are always so many inputs after one of them.
pub const REHEARSAL_BASE_STEPS: u64 = REHEARSAL_COMMANDS_MAX as u64;

/// Time for those inputs. Each may take a second; who waits for a plan is not to wait for a thousand.
pub const REHEARSAL_TIME_MAX: Duration = Duration::from_secs(5);

// Shadows.

/// Shadows of one node. Each may keep a thread busy and holds a state beside that of its machine.
pub const SHADOWS_MAX: usize = 4;

/// Inputs that may wait for a shadow. One more, and it ends: it does not keep up.
pub const SHADOW_WAITING_MAX: u64 = 10_000;

/// The bytes of these inputs and of their answers.
pub const SHADOW_WAITING_BYTES_MAX: usize = 16 * MIB;

/// Time for one step of a shadow. Fuel bounds a step to a second or so; one that takes longer has met a mistake of ours.
pub const SHADOW_STEP_TIME_MAX: Duration = Duration::from_secs(30);

/// Time for which who asks how a shadow does waits until it has come to the machine's last input.
pub const SHADOW_PATIENCE: Duration = Duration::from_secs(2);

/// How often it is looked whether it has.
pub const SHADOW_LOOK_INTERVAL: Duration = Duration::from_millis(2);

/// How often the node may die beside a shadow. Once more, and it is not taken up at the next start.
pub const SHADOW_DEATHS_MAX: u32 = 2;
