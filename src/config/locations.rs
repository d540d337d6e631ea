//! The places of configuration and cache on this platform: `--config`, `$FEDCRED_CONFIG`, the XDG directories and their
//! counterparts.

use std::path::{Path, PathBuf};

use crate::process::env::Env;

/// The places of files. Tests use others than those of the environment.
#[derive(Clone, Debug)]
pub struct Locations {
    /// The user's file. Absent: there is no home directory.
    pub user: Option<PathBuf>,
    /// What named the user's file, which then must exist.
    pub named_by: Option<&'static str>,
    /// The machine's file, below the user's. Its path is fixed, so that the environment cannot replace it.
    pub machine: Option<PathBuf>,
    /// fedcred's directory in the platform's configuration directory; also for the file of the sealing key.
    pub config_dir: Option<PathBuf>,
    /// fedcred's directory in the platform's cache directory.
    pub cache_dir: Option<PathBuf>,
    pub home: Option<PathBuf>,
}

impl Locations {
    /// `explicit` is the file of `--config`.
    pub fn of(env: &Env, explicit: Option<&Path>) -> Locations {
        let home = env.home();
        let below_home = |path: &str| home.as_ref().map(|home| home.join(path));
        // The XDG specification: "All paths must be absolute. … consider the path invalid and ignore it."
        let directory = |variable| env.path(variable).filter(|path| path.is_absolute());
        let (config_dir, cache_dir) = if cfg!(windows) {
            (
                directory("APPDATA").or_else(|| below_home(r"AppData\Roaming")).map(|base| base.join("fedcred")),
                directory("LOCALAPPDATA")
                    .or_else(|| below_home(r"AppData\Local"))
                    .map(|base| base.join(r"fedcred\cache")),
            )
        } else {
            let mac = cfg!(target_os = "macos");
            let config = if mac { "Library/Application Support" } else { ".config" };
            let cache = if mac { "Library/Caches" } else { ".cache" };
            (
                directory("XDG_CONFIG_HOME").or_else(|| below_home(config)).map(|base| base.join("fedcred")),
                directory("XDG_CACHE_HOME").or_else(|| below_home(cache)).map(|base| base.join("fedcred")),
            )
        };
        let (user, named_by) = match (explicit, env.path("FEDCRED_CONFIG")) {
            (Some(path), _) => (Some(path.to_owned()), Some("--config")),
            (None, Some(path)) => (Some(path), Some("$FEDCRED_CONFIG")),
            (None, None) => (config_dir.as_ref().map(|dir| dir.join("config.toml")), None),
        };
        let machine = (!cfg!(windows)).then(|| PathBuf::from("/etc/fedcred/config.toml"));
        Locations { user, named_by, machine, config_dir, cache_dir, home }
    }

    /// Returns the file of the sealing key.
    pub fn key_file(&self) -> Option<PathBuf> {
        self.config_dir.as_ref().map(|dir| dir.join("cache.key"))
    }

    /// Returns the directory of the secrets that `fedcred login --store file` stores.
    pub fn secrets_dir(&self) -> Option<PathBuf> {
        self.config_dir.as_ref().map(|dir| dir.join("secrets"))
    }

    /// Returns a path for people, with `~` for the home directory.
    pub fn shown(&self, path: &Path) -> String {
        match self.home.as_ref().and_then(|home| path.strip_prefix(home).ok()) {
            Some(rest) if !rest.as_os_str().is_empty() => Path::new("~").join(rest).display().to_string(),
            _ => path.display().to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[cfg(windows)]
    #[test]
    fn windows_has_its_own_directories_and_separators() {
        let env = Env::fixed([
            ("USERPROFILE", r"C:\Users\alice"),
            ("APPDATA", r"C:\Users\alice\AppData\Roaming"),
            ("LOCALAPPDATA", r"C:\Users\alice\AppData\Local"),
        ]);
        let found = Locations::of(&env, None);
        let user = found.user.clone().unwrap();
        assert_eq!(user, Path::new(r"C:\Users\alice\AppData\Roaming\fedcred\config.toml"));
        assert_eq!(found.shown(&user), r"~\AppData\Roaming\fedcred\config.toml");
        assert_eq!(found.cache_dir.as_deref(), Some(Path::new(r"C:\Users\alice\AppData\Local\fedcred\cache")));
        assert_eq!(found.machine, None);
        // Without the variables the profile's usual folders are meant.
        let found = Locations::of(&Env::fixed([("USERPROFILE", r"C:\Users\alice")]), None);
        assert_eq!(found.user, Some(user));
    }

    #[cfg(all(unix, not(target_os = "macos")))]
    #[test]
    fn the_flag_goes_before_the_variable_and_that_before_the_directories() {
        let home = ("HOME", "/home/alice");
        let xdg = |path| [home, ("XDG_CONFIG_HOME", path)];
        let named = [home, ("FEDCRED_CONFIG", "/c.toml")];
        let table = [
            (&[home][..], None, Some("/home/alice/.config/fedcred/config.toml"), None),
            (&xdg("/x"), None, Some("/x/fedcred/config.toml"), None),
            (&xdg("x"), None, Some("/home/alice/.config/fedcred/config.toml"), None),
            (&named, None, Some("/c.toml"), Some("$FEDCRED_CONFIG")),
            (&named, Some("/f.toml"), Some("/f.toml"), Some("--config")),
            (&[], None, None, None),
        ];
        for (variables, explicit, file, named_by) in table {
            let found = Locations::of(&Env::fixed(variables.iter().copied()), explicit.map(Path::new));
            assert_eq!((found.user.as_deref(), found.named_by), (file.map(Path::new), named_by), "{variables:?}");
            assert_eq!(found.machine.as_deref(), Some(Path::new("/etc/fedcred/config.toml")));
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_home_directory_is_shown_as_a_tilde() {
        let locations = Locations::of(&Env::fixed([("HOME", "/home/alice")]), None);
        assert_eq!(locations.shown(Path::new("/home/alice/a b/c")), "~/a b/c");
        assert_eq!(locations.shown(Path::new("/home/alicext/c")), "/home/alicext/c");
    }
}
