//! Frees the memory of code that only the start of a process needed.

use std::ffi::c_void;

/// Unmaps the pages of programs and libraries: code that still runs is mapped again at its next use, code that read arguments
/// and configuration is not. Linux maps sixteen pages around each one that is touched, which is more than half the memory of a
/// process that stays.
#[allow(unsafe_code, reason = "there is no safe call for a range of addresses")]
pub fn let_go() {
    #[allow(clippy::disallowed_methods, reason = "the kernel's word on this process: no size, and no waiting")]
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    for (start, length) in maps.lines().filter_map(code) {
        // SAFETY: a mapping of a file that can be executed and not written holds what the file does, which the kernel reads
        // again when it is wanted; so it does itself when memory is short.
        let _ = unsafe { rustix::mm::madvise(start as *mut c_void, length, rustix::mm::Advice::LinuxDontNeed) };
    }
}

/// Reads start and length of a mapping of code from a line of `/proc/PID/maps` (proc(5)).
fn code(line: &str) -> Option<(usize, usize)> {
    let mut fields = line.split_ascii_whitespace();
    let (range, permissions, file) = (fields.next()?, fields.next()?, fields.nth(3)?);
    let (start, end) = range.split_once('-')?;
    let (start, end) = (usize::from_str_radix(start, 16).ok()?, usize::from_str_radix(end, 16).ok()?);
    (permissions == "r-xp" && file.starts_with('/')).then_some((start, end.checked_sub(start)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_from_files_is_let_go() {
        for (line, expected) in [
            ("1000-3000 r-xp 00004000 fe:01 42   /usr/bin/fedcred", Some((0x1000, 0x2000))),
            ("1000-3000 r-xp 00004000 fe:01 42   /usr/bin/fedcred (deleted)", Some((0x1000, 0x2000))),
            ("1000-3000 r--p 00004000 fe:01 42   /usr/bin/fedcred", None),
            ("1000-3000 rwxp 00004000 fe:01 42   /usr/bin/fedcred", None),
            ("1000-3000 r-xp 00000000 00:00 0    [vdso]", None),
            ("1000-3000 r-xp 00000000 00:00 0", None),
            ("3000-1000 r-xp 00004000 fe:01 42   /usr/bin/fedcred", None),
            ("", None),
        ] {
            assert_eq!(code(line), expected, "{line}");
        }
    }

    #[test]
    fn a_process_goes_on_with_less() {
        let resident = || {
            let status = std::fs::read_to_string("/proc/self/status").unwrap();
            let file = status.lines().find_map(|line| line.strip_prefix("RssFile:")).unwrap();
            file.trim().strip_suffix(" kB").unwrap().parse::<u64>().unwrap()
        };
        let before = resident();
        let_go();
        assert!(resident() < before);
    }
}
