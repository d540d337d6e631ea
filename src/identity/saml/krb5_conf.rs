//! Reads one setting of krb5.conf, `default_ccache_name`, as the profile library of libkrb5 does, without loading it.
//!
//! It is read on the path of a cache hit, so at most 256 KiB of all files together are read. Whatever is not understood is an
//! error, which the caller may treat as "unknowable".

use std::path::{Path, PathBuf};

use crate::file::{self, Kind, kind};
use crate::process::env::Env;

/// Returns the value as written, with its `%{…}`. `None` if no file sets it.
///
/// Errors: why it cannot be known.
pub fn default_ccache_name(env: &Env) -> Result<Option<String>, String> {
    let files = env.os("KRB5_CONFIG").unwrap_or_else(|| "/etc/krb5.conf".into());
    let mut reader = Reader { bytes_left: kind::KRB5_CONF.max };
    // The first file of the list that has the value decides.
    for file in std::env::split_paths(&files).filter(|file| !file.as_os_str().is_empty()) {
        if let Some(value) = reader.file(&file, 0)? {
            return Ok(Some(value));
        }
    }
    Ok(None)
}

/// Nested `include` lines.
const MAX_DEPTH: usize = 5;

struct Reader {
    bytes_left: u64,
}

impl Reader {
    /// A missing or unreadable file is skipped, as by libkrb5.
    fn file(&mut self, path: &Path, depth: usize) -> Result<Option<String>, String> {
        if depth > MAX_DEPTH {
            return Err(format!("{} is included too deeply", path.display()));
        }
        // A pipe in its place must not delay a cache hit: it is skipped as well.
        let kind = Kind { max: self.bytes_left, ..kind::KRB5_CONF };
        let Ok(text) = file::head(path, &kind) else { return Ok(None) };
        self.bytes_left -= text.len() as u64;
        if self.bytes_left == 0 {
            return Err(format!("{} is too large", path.display()));
        }
        self.text(&String::from_utf8_lossy(&text), depth)
    }

    fn text(&mut self, text: &str, depth: usize) -> Result<Option<String>, String> {
        let mut is_libdefaults = false;
        let mut braces = 0_usize;
        for line in text.lines().map(str::trim) {
            if line.starts_with(['#', ';']) || line.is_empty() {
                continue;
            }
            let (word, rest) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
            let included = match word {
                "include" => self.file(Path::new(rest.trim()), depth + 1)?,
                "includedir" => self.directory(Path::new(rest.trim()), depth + 1)?,
                _ => None,
            };
            if included.is_some() {
                return Ok(included);
            }
            if let Some(section) = line.strip_prefix('[') {
                is_libdefaults = section.split(']').next() == Some("libdefaults");
                braces = 0;
            } else if line.ends_with('{') {
                braces += 1;
            } else if line.starts_with('}') {
                braces = braces.saturating_sub(1);
            } else if let (true, 0, Some((name, value))) = (is_libdefaults, braces, line.split_once('='))
                && name.trim().trim_end_matches('*') == "default_ccache_name"
            {
                return Ok(Some(value.trim().trim_matches('"').to_string()));
            }
        }
        Ok(None)
    }

    /// Reads the files whose names krb5.conf(5) allows, in order of their names.
    fn directory(&mut self, path: &Path, depth: usize) -> Result<Option<String>, String> {
        let Ok(entries) = std::fs::read_dir(path) else { return Ok(None) };
        let mut files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).filter(|p| is_snippet(p)).collect();
        files.sort();
        for file in files {
            let value = self.file(&file, depth)?;
            if value.is_some() {
                return Ok(value);
            }
        }
        Ok(None)
    }
}

/// Whether the name consists of letters, digits, dashes and underscores, or ends in `.conf`.
fn is_snippet(path: &Path) -> bool {
    path.file_name().and_then(|name| name.to_str()).is_some_and(|name| {
        !name.starts_with('.')
            && (name.ends_with(".conf") || name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value_of(text: &str) -> Option<String> {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("krb5.conf");
        std::fs::write(&path, text).unwrap();
        default_ccache_name(&Env::fixed([("KRB5_CONFIG", path)])).unwrap()
    }

    #[test]
    fn the_setting_is_found_in_its_section_only() {
        let table = [
            ("[libdefaults]\n default_ccache_name = KEYRING:persistent:%{uid}\n", Some("KEYRING:persistent:%{uid}")),
            ("[libdefaults]\n default_ccache_name* = \"FILE:/tmp/a b\"\n", Some("FILE:/tmp/a b")),
            ("[libdefaults]\ndefault_ccache_name=FILE:/a\ndefault_ccache_name=FILE:/b\n", Some("FILE:/a")),
            ("[libdefaults]\n# default_ccache_name = FILE:/a\n; default_ccache_name = FILE:/b\n", None),
            ("[realms]\n default_ccache_name = FILE:/a\n", None),
            ("[libdefaults]\n sub = {\n default_ccache_name = FILE:/a\n }\n", None),
            ("[libdefaults]\n s = {\n x = y\n }\n default_ccache_name = FILE:/a\n", Some("FILE:/a")),
            ("", None),
        ];
        for (text, expected) in table {
            assert_eq!(value_of(text).as_deref(), expected, "{text:?}");
        }
    }

    #[test]
    fn the_first_file_that_has_it_decides_and_includes_count_where_they_stand() {
        let home = tempfile::tempdir().unwrap();
        let write = |name: &str, text: String| {
            let path = home.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, text).unwrap();
            path.display().to_string()
        };
        let setting = |value: &str| format!("[libdefaults]\n default_ccache_name = {value}\n");
        write("d/10-kcm.conf", setting("KCM:"));
        write("d/.hidden.conf", setting("FILE:/hidden"));
        write("d/backup~", setting("FILE:/backup"));
        write("d/00-none", "[libdefaults]\n rdns = false\n".into());
        let with_directory =
            write("with-directory", format!("includedir {}/d\n{}", home.path().display(), setting("API:")));
        let with_file = write("with-file", format!("include {with_directory}\n"));
        let plain = write("plain", setting("FILE:/plain"));
        let itself = write("itself", format!("include {}/itself\n", home.path().display()));
        let list = |files: &[&str]| std::env::join_paths(files).unwrap().into_string().unwrap();
        let table = [
            (with_directory.clone(), Ok(Some("KCM:"))),
            (with_file.clone(), Ok(Some("KCM:"))),
            (list(&[&plain, &with_file]), Ok(Some("FILE:/plain"))),
            (list(&["/nonexistent", &with_file, &plain]), Ok(Some("KCM:"))),
            ("/nonexistent".into(), Ok(None)),
            ("/dev/zero".into(), Ok(None)),
            (itself, Err(())),
        ];
        for (files, expected) in table {
            let found = default_ccache_name(&Env::fixed([("KRB5_CONFIG", &files)]));
            assert_eq!(found.as_ref().map(Option::as_deref).map_err(|_| ()), expected, "{files}");
        }
    }
}
