//! The kinds of failures, one row each: meaning, exit status and name. Help, manual and the page of codes list these rows.

/// An exit status: 8 bits, on Windows 32.
pub type ExitStatus = i32;

macro_rules! kinds {
    ($($(#[doc = $doc:literal])* $kind:ident = $status:literal, $name:literal;)*) => {
        /// The kind of a failure. It decides the exit status and whether another try may help.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Kind { $($(#[doc = $doc])* $kind,)* }

        impl Kind {
            /// All kinds, the worst first: of several failures, the exit status of the worst is the program's.
            pub const ALL: &[Kind] = &[$(Kind::$kind,)*];

            /// Returns the exit status: that of sysexits.h if it has one.
            pub fn status(self) -> ExitStatus {
                match self { $(Kind::$kind => $status,)* }
            }

            /// Returns the kind in words.
            pub fn name(self) -> &'static str {
                match self { $(Kind::$kind => $name,)* }
            }

            /// Returns the meaning in one sentence.
            pub fn meaning(self) -> &'static str {
                match self { $(Kind::$kind => concat!($($doc),*).trim_ascii(),)* }
            }
        }
    };
}

kinds! {
    /// A server understood the request and refused it.
    Refused = 77, "refused";
    /// A person or a machine has to log in first.
    LoginRequired = 3, "login required";
    /// A server answered, but fedcred cannot use the answer.
    Unusable = 65, "unusable response";
    /// A disk, a keyring or the permissions of a file cause it.
    Storage = 74, "storage";
    /// The configuration is wrong.
    Configuration = 78, "configuration";
    /// The command line is wrong.
    Usage = 2, "usage";
    /// A bug in fedcred.
    Internal = 70, "internal";
    // The last one: it tells a script that another try may help, and must not hide a failure for which it will not.
    /// A server did not answer, or asks to try again later.
    Unavailable = 75, "unavailable";
}

impl Kind {
    /// Returns all kinds, the lowest exit status first.
    pub fn by_status() -> Vec<Kind> {
        let mut kinds = Kind::ALL.to_vec();
        kinds.sort_by_key(|kind| kind.status());
        kinds
    }
}
