//! The memory that this process may use: the smallest of the limits that apply to it.
//!
//! ```text
//! machine        MemTotal                                  of /proc/meminfo
//! ulimit -v, -d  "Max address space", "Max data size"      of /proc/self/limits
//! cgroup v2      memory.max             of the process's cgroup and of all groups above it
//! cgroup v1      memory.limit_in_bytes  of the same
//! ```
//!
//! A container or a batch system sets the limit of a cgroup; beyond it the system kills the process. What needs more is
//! therefore refused before it is allocated. Systems without these files have no known limit.

use std::fmt;

/// A limit of memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit {
    /// Its size in bytes.
    pub bytes: u64,
    /// What sets it.
    pub by: By,
}

/// What limits the memory of a process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// The memory of the machine.
    Machine,
    /// The address space of the process (`ulimit -v`).
    AddressSpace,
    /// The data segment of the process (`ulimit -d`).
    Data,
    /// A control group, such as that of a container.
    Cgroup,
}

impl fmt::Display for Limit {
    /// "the machine has 16.0 GB".
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let size = Gigabytes(self.bytes);
        match self.by {
            By::Machine => write!(f, "the machine has {size}"),
            By::AddressSpace => write!(f, "this process may use {size} (ulimit -v)"),
            By::Data => write!(f, "this process may use {size} (ulimit -d)"),
            By::Cgroup => write!(f, "this process may use {size} (limit of its cgroup)"),
        }
    }
}

/// A size in bytes, shown in GB.
struct Gigabytes(u64);

impl fmt::Display for Gigabytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 as f64 / 1e9 {
            size if size < 1e6 => write!(f, "{size:.1} GB"),
            size => write!(f, "{size:.1e} GB"),
        }
    }
}

/// The error for something that needs more memory than the process may use. Its message follows "needs".
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("about {} of memory, but {limit}", Gigabytes(*needed))]
pub struct OutOfMemory {
    /// Bytes that are needed.
    pub needed: u64,
    /// The limit.
    pub limit: Limit,
}

/// Checks that `needed` bytes are not more than this process may use.
///
/// # Errors
/// [`OutOfMemory`] if they are.
pub fn check(needed: u64) -> Result<(), OutOfMemory> {
    match limit() {
        Some(limit) if needed > limit.bytes => Err(OutOfMemory { needed, limit }),
        _ => Ok(()),
    }
}

/// Checks values that grow while a file is read, each time that they are twice as large.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Growth {
    /// Bytes at which the next check is due.
    due: u64,
}

impl Growth {
    /// Smallest size that is checked.
    const LEAST: u64 = 64 << 20;

    /// Checks that `bytes`, and as many to grow into, are not more than this process may use.
    ///
    /// # Errors
    /// [`OutOfMemory`] if they are.
    pub(crate) fn check(&mut self, bytes: u64) -> Result<(), OutOfMemory> {
        if bytes < self.due.max(Self::LEAST) {
            return Ok(());
        }
        self.due = 2 * bytes;
        check(2 * bytes)
    }
}

/// The smallest limit of the memory of this process; None if no limit is known.
pub fn limit() -> Option<Limit> {
    limit_in(&|path| std::fs::read_to_string(path).ok())
}

/// The same, from the files that `read` returns.
fn limit_in(read: &dyn Fn(&str) -> Option<String>) -> Option<Limit> {
    let all = [(machine(read), By::Machine), (cgroup(read), By::Cgroup)];
    let own = [("Max address space", By::AddressSpace), ("Max data size", By::Data)];
    let own = own.map(|(name, by)| (resource(read, name), by));
    let known = all.into_iter().chain(own).filter_map(|(bytes, by)| Some(Limit { bytes: bytes?, by }));
    known.min_by_key(|limit| limit.bytes)
}

fn machine(read: &dyn Fn(&str) -> Option<String>) -> Option<u64> {
    let text = read("/proc/meminfo")?;
    let kibibytes = text.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    kibibytes.split_whitespace().next()?.parse::<u64>().ok()?.checked_mul(1024)
}

/// The soft limit of a resource: "Max address space  512000000  unlimited  bytes".
fn resource(read: &dyn Fn(&str) -> Option<String>, name: &str) -> Option<u64> {
    let text = read("/proc/self/limits")?;
    let limits = text.lines().find_map(|line| line.strip_prefix(name))?;
    limits.split_whitespace().next()?.parse().ok()
}

/// The smallest limit of the control groups of the process, of both versions.
fn cgroup(read: &dyn Fn(&str) -> Option<String>) -> Option<u64> {
    let (groups, mounts) = (read("/proc/self/cgroup")?, read("/proc/self/mountinfo")?);
    let mut smallest = None;
    for line in groups.lines() {
        // 4:memory:/user/job of version 1, 0::/user/job of version 2.
        let mut fields = line.splitn(3, ':').skip(1);
        let (Some(controllers), Some(group)) = (fields.next(), fields.next()) else { continue };
        let (kind, file) = match controllers {
            "" => ("cgroup2", "memory.max"),
            list if list.split(',').any(|name| name == "memory") => ("cgroup", "memory.limit_in_bytes"),
            _ => continue,
        };
        for (root, point) in mounts.lines().filter_map(|line| mount(line, kind)) {
            // In a container, the mount may begin at the group of the container.
            let mut below = group.strip_prefix(root.trim_end_matches('/')).unwrap_or("");
            loop {
                let text = read(&format!("{point}{}/{file}", below.trim_end_matches('/')));
                // "max" is no limit.
                let bytes = text.and_then(|text| text.trim().parse::<u64>().ok());
                smallest = smallest.into_iter().chain(bytes).min();
                let Some((above, _)) = below.rsplit_once('/') else { break };
                below = above;
            }
        }
    }
    smallest
}

/// The root and the mount point of a line of mountinfo, if it is a mount of control groups of this kind: of version 1 only
/// that of memory.
fn mount<'a>(line: &'a str, kind: &str) -> Option<(&'a str, &'a str)> {
    let (before, after) = line.split_once(" - ")?;
    let (mut before, mut after) = (before.split(' ').skip(3), after.split(' '));
    let (root, point) = (before.next()?, before.next()?);
    let (found, options) = (after.next()?, after.nth(1)?);
    let fits = found == kind && (kind == "cgroup2" || options.split(',').any(|option| option == "memory"));
    fits.then_some((root, point))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The limit that follows from these files.
    fn of(files: &[(&str, &str)]) -> Option<Limit> {
        limit_in(&|path| Some(files.iter().find(|file| file.0 == path)?.1.to_owned()))
    }

    const MACHINE: (&str, &str) = ("/proc/meminfo", "MemFree: 1 kB\nMemTotal:       16000000 kB\n");
    const UNLIMITED: &str = "Limit                     Soft Limit           Hard Limit           Units     \n\
                             Max data size             unlimited            unlimited            bytes     \n\
                             Max address space         unlimited            unlimited            bytes     \n";

    #[test]
    fn the_smallest_limit_applies() {
        assert_eq!(of(&[]), None);
        let machine = Some(Limit { bytes: 16_384_000_000, by: By::Machine });
        assert_eq!(of(&[MACHINE]), machine);
        assert_eq!(of(&[MACHINE, ("/proc/self/limits", UNLIMITED)]), machine);
        let limits = UNLIMITED.replacen("space         unlimited", "space         512000000", 1);
        let limited = of(&[MACHINE, ("/proc/self/limits", &limits)]);
        assert_eq!(limited, Some(Limit { bytes: 512_000_000, by: By::AddressSpace }));
        let shown = OutOfMemory { needed: 2_040_000_000, limit: limited.unwrap() }.to_string();
        assert_eq!(shown, "about 2.0 GB of memory, but this process may use 0.5 GB (ulimit -v)");
    }

    #[test]
    fn groups_of_both_versions_and_those_above_them_count() {
        let two = [
            MACHINE,
            ("/proc/self/cgroup", "0::/a.slice/job\n"),
            ("/proc/self/mountinfo", "41 31 0:38 / /sys/fs/cgroup rw,relatime - cgroup2 cgroup2 rw\n"),
        ];
        let cgroup = |bytes| Some(Limit { bytes, by: By::Cgroup });
        let with = |more: &[(&'static str, &'static str)]| of(&[&two[..], more].concat());
        assert_eq!(with(&[]).map(|limit| limit.by), Some(By::Machine));
        assert_eq!(with(&[("/sys/fs/cgroup/a.slice/job/memory.max", "2000\n")]), cgroup(2000));
        let above = [
            ("/sys/fs/cgroup/a.slice/job/memory.max", "max\n"),
            ("/sys/fs/cgroup/a.slice/memory.max", "1000\n"),
        ];
        assert_eq!(with(&above), cgroup(1000));

        let one = [
            MACHINE,
            ("/proc/self/cgroup", "5:devices:/x\n4:memory,cpu:/job\n0::/\n"),
            (
                "/proc/self/mountinfo",
                "35 31 0:32 / /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory\n\
                 36 31 0:33 / /sys/fs/cgroup/devices rw - cgroup cgroup rw,devices\n",
            ),
        ];
        let job = ("/sys/fs/cgroup/memory/job/memory.limit_in_bytes", "3000\n");
        assert_eq!(of(&[&one[..], &[job]].concat()), cgroup(3000));
        // No limit is a number above all memory in version 1.
        let none = ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");
        assert_eq!(of(&[&one[..], &[none]].concat()).map(|limit| limit.by), Some(By::Machine));
    }

    #[test]
    fn a_container_sees_its_own_group_as_the_root() {
        let files = [
            ("/proc/self/cgroup", "4:memory:/docker/0123\n"),
            (
                "/proc/self/mountinfo",
                "35 31 0:32 /docker/0123 /sys/fs/cgroup/memory ro - cgroup cgroup rw,memory\n",
            ),
            ("/sys/fs/cgroup/memory/memory.limit_in_bytes", "4000\n"),
        ];
        assert_eq!(of(&files), Some(Limit { bytes: 4000, by: By::Cgroup }));
    }
}
