//! Who holds a file, as the kernel knows it.

use std::io;
use std::path::Path;
use std::time::Duration;

use super::Replaced;

#[cfg(target_os = "linux")]
pub(super) use self::linux::Holder;
#[cfg(not(target_os = "linux"))]
pub(super) use self::unknown::Holder;

#[cfg(target_os = "linux")]
mod linux {
    use super::{Duration, Path, Replaced, io};

    use std::fs::{self, Metadata};
    use std::os::fd::OwnedFd;
    use std::os::unix::fs::MetadataExt;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};

    /// A process that holds the lock of a file. The handle is of this very process, though its number may be given
    /// to another one day.
    pub(crate) struct Holder {
        process: Replaced,
        handle: OwnedFd,
    }

    impl Holder {
        /// The process that holds the lock of this file.
        pub(crate) fn of(path: &Path) -> io::Result<Option<Holder>> {
            let file = fs::metadata(path)?;
            let locks = fs::read_to_string("/proc/locks")?;
            let own = std::process::id();
            let mut hidden = None;
            for pid in locks.lines().filter_map(|line| locking(line, file.ino())) {
                if pid == own {
                    continue;
                }
                let Some(handle) = handle(pid)? else {
                    continue;
                };
                // Files of two disks may have one number; only the file that it has open is sure.
                match has_open(pid, &file) {
                    Ok(true) => {
                        let command = command(pid);
                        let process = Replaced { pid, command };
                        return Ok(Some(Holder { process, handle }));
                    }
                    Ok(false) => {}
                    Err(error) => hidden = Some(error),
                }
            }
            hidden.map_or(Ok(None), Err)
        }

        pub(crate) fn process(&self) -> &Replaced {
            &self.process
        }

        /// Tells it to stop.
        pub(crate) fn tell(&self) -> io::Result<()> {
            Ok(pidfd_send_signal(&self.handle, Signal::TERM)?)
        }

        /// Whether it ends within this time.
        pub(crate) fn ends_within(&self, time: Duration) -> io::Result<bool> {
            let time = Timespec {
                tv_sec: i64::try_from(time.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: i64::from(time.subsec_nanos()),
            };
            let mut ends = [PollFd::new(&self.handle, PollFlags::IN)];
            match poll(&mut ends, Some(&time)) {
                Ok(count) => Ok(count > 0),
                Err(rustix::io::Errno::INTR) => Ok(false),
                Err(error) => Err(error.into()),
            }
        }
    }

    /// The process of a line of `/proc/locks`, if it holds a lock of a file of this number:
    /// `1: FLOCK  ADVISORY  WRITE 1234 fe:00:5931028 0 EOF`.
    fn locking(line: &str, file: u64) -> Option<u32> {
        let words: Vec<&str> = line.split_whitespace().collect();
        // A line with an arrow is of one that waits.
        let [_, "FLOCK", _, _, pid, place, ..] = words[..] else {
            return None;
        };
        let number: u64 = place.rsplit(':').next()?.parse().ok()?;
        pid.parse().ok().filter(|_| number == file)
    }

    /// A process that has ended meanwhile has none.
    fn handle(pid: u32) -> io::Result<Option<OwnedFd>> {
        let Some(pid) = i32::try_from(pid).ok().and_then(Pid::from_raw) else {
            return Ok(None);
        };
        match pidfd_open(pid, PidfdFlags::empty()) {
            Ok(handle) => Ok(Some(handle)),
            Err(rustix::io::Errno::SRCH) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn has_open(pid: u32, file: &Metadata) -> io::Result<bool> {
        let is_same = |open: Metadata| (open.dev(), open.ino()) == (file.dev(), file.ino());
        for entry in fs::read_dir(format!("/proc/{pid}/fd"))? {
            // One that was closed meanwhile is not it.
            if fs::metadata(entry?.path()).is_ok_and(is_same) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How it was started, for whoever has to start it again.
    fn command(pid: u32) -> String {
        let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words = line
            .split(|byte| *byte == 0)
            .filter(|word| !word.is_empty());
        let words = words.map(|word| String::from_utf8_lossy(word).into_owned());
        let line = words.collect::<Vec<_>>().join(" ");
        crate::printable::Printable(&line).to_string()
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn a_line_of_the_kernel_names_who_holds_a_file_and_not_who_waits() {
            let held = "1: FLOCK  ADVISORY  WRITE 1234 fe:00:5931028 0 EOF";
            assert_eq!(locking(held, 5_931_028), Some(1234));
            assert_eq!(locking(held, 5_931_029), None);
            for other in [
                "1: -> FLOCK  ADVISORY  WRITE 1234 fe:00:5931028 0 EOF",
                "2: POSIX  ADVISORY  WRITE 1234 fe:00:5931028 0 EOF",
                "3: OFDLCK ADVISORY  WRITE -1 fe:00:5931028 0 EOF",
                "4: FLOCK  ADVISORY  WRITE",
                "",
            ] {
                assert_eq!(locking(other, 5_931_028), None, "{other}");
            }
        }

        #[test]
        fn nobody_is_taken_for_the_holder_of_a_file_that_is_not_locked() {
            let file = tempfile::NamedTempFile::new().expect("a file");
            assert!(Holder::of(file.path()).expect("known").is_none());
            file.as_file().lock().expect("locked");
            let of_own = Holder::of(file.path()).expect("known");
            assert!(of_own.is_none(), "a process does not stop itself");
        }
    }
}

#[cfg(not(target_os = "linux"))]
mod unknown {
    use super::{Duration, Path, Replaced, io};

    /// Other systems do not say who holds a lock.
    pub(crate) enum Holder {}

    impl Holder {
        pub(crate) fn of(_: &Path) -> io::Result<Option<Holder>> {
            Err(io::ErrorKind::Unsupported.into())
        }

        pub(crate) fn process(&self) -> &Replaced {
            match *self {}
        }

        pub(crate) fn tell(&self) -> io::Result<()> {
            match *self {}
        }

        pub(crate) fn ends_within(&self, _: Duration) -> io::Result<bool> {
            match *self {}
        }
    }
}
