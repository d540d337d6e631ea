//! Settings whose value is one of a few words.

/// A choice, and the word for each.
pub trait Words: Copy + PartialEq + 'static {
    const ALL: &'static [(&'static str, Self)];

    /// As it is written in a file.
    fn word(self) -> &'static str {
        Self::ALL.iter().find(|(_, choice)| *choice == self).map_or("", |(word, _)| word)
    }
}

/// The words of a choice, in their order.
pub fn names<T: Words>() -> Vec<&'static str> {
    T::ALL.iter().map(|(word, _)| *word).collect()
}

macro_rules! words {
    ($name:ty { $($variant:ident = $word:literal),* $(,)? }) => {
        impl $crate::config::words::Words for $name {
            const ALL: &'static [(&'static str, Self)] = &[$(($word, <$name>::$variant)),*];
        }
    };
}
pub(crate) use words;
