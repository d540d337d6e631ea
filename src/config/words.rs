//! Settings whose value is one of a few words.

/// A choice, with a word for each value.
pub trait Words: Copy + PartialEq + 'static {
    const ALL: &'static [(&'static str, Self)];
    /// What `true` and `false` mean, for a choice that can be written so too.
    const YES_AND_NO: Option<(Self, Self)> = None;

    /// Returns the word in a file.
    fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, choice)| *choice == self).map_or("", |(word, _)| word)
    }
}

/// Returns the words of a choice, in their order.
pub fn names<T: Words>() -> Vec<&'static str> {
    T::ALL.iter().map(|(word, _)| *word).collect()
}

macro_rules! words {
    ($name:ty { $($variant:ident = $word:literal),* $(,)? } $(or $yes:ident, $no:ident)?) => {
        impl $crate::config::words::Words for $name {
            const ALL: &'static [(&'static str, Self)] = &[$(($word, <$name>::$variant)),*];
            $(const YES_AND_NO: Option<(Self, Self)> = Some((<$name>::$yes, <$name>::$no));)?
        }
    };
}
pub(crate) use words;
