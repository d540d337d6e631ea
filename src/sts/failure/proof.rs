//! Removes the proof of an identity from STS's messages, which echo values that fail its validation.

use crate::secret::Secret;

/// Returns `message` without any part of `proof`. STS echoes values that fail its validation ("Value '…' at 'sAMLAssertion'
/// failed"), whole or cut, so each longer run of base64 that is part of the proof, or may be, is removed.
pub(super) fn without_proof(message: &str, proof: &Secret) -> String {
    let mut out = String::new();
    let mut rest = message;
    while !rest.is_empty() {
        let run = rest.find(|c: char| !is_base64(c)).unwrap_or(rest.len());
        let (word, after) = rest.split_at(run);
        let hide = word.len() > 80 || (word.len() >= 12 && proof.expose().contains(word));
        out.push_str(if hide { "[not shown]" } else { word });
        let other = after.find(is_base64).unwrap_or(after.len());
        out.push_str(&after[..other]);
        rest = &after[other..];
    }
    out
}

fn is_base64(c: char) -> bool {
    c.is_ascii_alphanumeric() || matches!(c, '+' | '/' | '=')
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROOF: &str = "PHNhbWxwOlJlc3BvbnNlIHhtbG5zOnNhbWxwPSJ1cm46b2FzaXM6bmFtZXM6dGM6U0FNTDoyLjA6cHJvdG9jb2wi";

    #[test]
    fn no_piece_of_the_assertion_is_echoed() {
        let proof = Secret::new(PROOF.into());
        for message in [
            format!("1 validation error detected: Value '{PROOF}' at 'sAMLAssertion' failed"),
            format!("Value '{}' at 'sAMLAssertion' failed", &PROOF[20..60]),
            format!("Value '{}\n{}' at 'sAMLAssertion' failed", &PROOF[..40], &PROOF[40..]),
            format!("Value '{}' at 'sAMLAssertion' failed", "QUJD".repeat(40)),
        ] {
            let shown = without_proof(&message, &proof);
            assert!(shown.contains("[not shown]") && shown.contains("sAMLAssertion"), "{shown}");
            assert!(!shown.contains(&PROOF[24..40]) && !shown.contains("QUJDQUJD"), "{shown}");
        }
        let plain = "Not authorized to perform sts:AssumeRoleWithSAML";
        assert_eq!(without_proof(plain, &proof), plain);
    }
}
