//! JSON Web Signatures (RFC 7515): verified with the keys of an issuer, or made with the key of a service account.
//!
//! The accepted algorithms are listed here, not chosen by the token. `none` and the HMACs are missing: with those, a public key
//! could be used as a shared secret (RFC 8725 §2.1).

use base64::Engine;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::rand::SystemRandom;
use ring::signature::{self, RsaKeyPair, RsaParameters, RsaPublicKeyComponents, UnparsedPublicKey};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::error::{Code, Error, Result, printable};
use crate::secret::Secret;

/// An issuer's public keys (RFC 7517), from its `jwks_uri`. Unknown keys are skipped.
#[derive(Debug, Deserialize)]
pub struct KeySet {
    keys: Vec<serde_json::Value>,
}

/// The private key of a service account.
pub struct SigningKey {
    key: RsaKeyPair,
    key_id: String,
}

impl KeySet {
    /// Verifies that one of these keys signed the JWT, and returns its claims.
    ///
    /// Errors: [`Code::TokenInvalid`], with the reason and without the token.
    pub fn verify<T: DeserializeOwned>(&self, token: &Secret) -> Result<T> {
        let (signed, signature) = token.expose().rsplit_once('.').ok_or_else(|| invalid("it is not a JWT"))?;
        let (header, payload) = signed.split_once('.').ok_or_else(|| invalid("it is not a JWT"))?;
        let header: Header = parse(header).ok_or_else(|| invalid("it is not a JWT"))?;
        let algorithm = Algorithm::named(&header.alg).ok_or_else(|| {
            invalid(format!("it is signed by {}, which is not accepted", printable(&header.alg, 20)))
                .hint("configure the issuer to sign with RS256 or ES256, which AWS accepts")
        })?;
        if header.crit.is_some() {
            return Err(invalid("it has critical extensions (`crit`), which are not known"));
        }
        let signature = BASE64_URL_SAFE_NO_PAD.decode(signature).map_err(|_| invalid("it is not a JWT"))?;
        let mut candidates =
            self.keys.iter().filter_map(|key| Jwk::deserialize(key).ok()).filter(|key| key.fits(&header)).peekable();
        if candidates.peek().is_none() {
            let id = header.kid.as_deref().unwrap_or("none");
            return Err(invalid(format!("its issuer has no key {} for {}", printable(id, 80), header.alg)));
        }
        if !candidates.any(|key| key.verifies(algorithm, signed.as_bytes(), &signature).unwrap_or(false)) {
            return Err(invalid("its signature is not its issuer's"));
        }
        parse(payload).ok_or_else(|| invalid("its claims cannot be understood"))
    }
}

impl SigningKey {
    /// Reads PEM with a PKCS #8 key, as in Google's key files. `None` if it is anything else.
    pub fn from_pem(pem: &Secret, key_id: &str) -> Option<Self> {
        let (_, rest) = pem.expose().split_once("-----BEGIN PRIVATE KEY-----")?;
        let (base64, _) = rest.split_once("-----END PRIVATE KEY-----")?;
        let base64: Zeroizing<String> = Zeroizing::new(base64.split_ascii_whitespace().collect());
        let der = Zeroizing::new(BASE64_STANDARD.decode(base64.as_bytes()).ok()?);
        Some(SigningKey { key: RsaKeyPair::from_pkcs8(&der).ok()?, key_id: key_id.to_owned() })
    }

    /// Signs a JWT with these claims by RS256.
    pub fn sign(&self, claims: &serde_json::Value) -> Result<Secret> {
        let header = serde_json::json!({ "alg": "RS256", "typ": "JWT", "kid": self.key_id });
        let part = |json: &serde_json::Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
        let signed = format!("{}.{}", part(&header), part(claims));
        let mut signature = vec![0; self.key.public().modulus_len()];
        self.key
            .sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature)
            .map_err(|_| Error::new(Code::Bug, "the private key signs nothing"))?;
        Ok(Secret::new(format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))))
    }
}

/// The algorithms that AWS accepts, without ES512, which ring does not have.
#[derive(Clone, Copy)]
enum Algorithm {
    Rsa(&'static RsaParameters),
    Ecdsa(&'static signature::EcdsaVerificationAlgorithm, &'static str),
}

impl Algorithm {
    fn named(name: &str) -> Option<Self> {
        Some(match name {
            "RS256" => Algorithm::Rsa(&signature::RSA_PKCS1_2048_8192_SHA256),
            "RS384" => Algorithm::Rsa(&signature::RSA_PKCS1_2048_8192_SHA384),
            "RS512" => Algorithm::Rsa(&signature::RSA_PKCS1_2048_8192_SHA512),
            "ES256" => Algorithm::Ecdsa(&signature::ECDSA_P256_SHA256_FIXED, "P-256"),
            "ES384" => Algorithm::Ecdsa(&signature::ECDSA_P384_SHA384_FIXED, "P-384"),
            _ => return None,
        })
    }
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Jwk {
    kid: Option<String>,
    #[serde(rename = "use")]
    purpose: Option<String>,
    alg: Option<String>,
    #[serde(flatten)]
    key: PublicKey,
}

#[derive(Deserialize)]
#[serde(tag = "kty")]
enum PublicKey {
    #[serde(rename = "RSA")]
    Rsa { n: String, e: String },
    #[serde(rename = "EC")]
    Ec { crv: String, x: String, y: String },
}

impl Jwk {
    fn fits(&self, header: &Header) -> bool {
        let is_asked_for = header.kid.is_none() || self.kid == header.kid;
        let is_for_signatures = self.purpose.as_deref().is_none_or(|purpose| purpose == "sig");
        is_asked_for && is_for_signatures && self.alg.as_ref().is_none_or(|alg| *alg == header.alg)
    }

    /// `None` if the key is not for this algorithm.
    fn verifies(&self, algorithm: Algorithm, signed: &[u8], signature: &[u8]) -> Option<bool> {
        let number = |text: &str| BASE64_URL_SAFE_NO_PAD.decode(text).ok();
        match (algorithm, &self.key) {
            (Algorithm::Rsa(parameters), PublicKey::Rsa { n, e }) => {
                let key = RsaPublicKeyComponents { n: number(n)?, e: number(e)? };
                Some(key.verify(parameters, signed, signature).is_ok())
            }
            (Algorithm::Ecdsa(parameters, curve), PublicKey::Ec { crv, x, y }) if crv == curve => {
                // SEC 1 §2.3.3: an uncompressed point.
                let point = [&[4][..], &number(x)?, &number(y)?].concat();
                Some(UnparsedPublicKey::new(parameters, point).verify(signed, signature).is_ok())
            }
            _ => None,
        }
    }
}

fn parse<T: DeserializeOwned>(part: &str) -> Option<T> {
    serde_json::from_slice(&BASE64_URL_SAFE_NO_PAD.decode(part).ok()?).ok()
}

fn invalid(why: impl Into<String>) -> Error {
    Error::new(Code::TokenInvalid, "the token cannot be trusted").because(why)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    use serde_json::{Value, json};

    /// A key for tests only.
    pub(in crate::identity::oidc) const PEM: &str =
        include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/keys/rsa.pem"));

    pub(in crate::identity::oidc) fn rsa() -> SigningKey {
        SigningKey::from_pem(&Secret::new(PEM.into()), "rsa").unwrap()
    }

    /// The public half of [`rsa`].
    pub(in crate::identity::oidc) fn rsa_jwk() -> Value {
        let public: RsaPublicKeyComponents<Vec<u8>> = rsa().key.public().into();
        let text = |number: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(number);
        json!({ "kty": "RSA", "kid": "rsa", "use": "sig", "alg": "RS256", "n": text(&public.n), "e": text(&public.e) })
    }

    fn ec() -> (EcdsaKeyPair, Value) {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, pkcs8.as_ref(), &random).unwrap();
        let (x, y) = key.public_key().as_ref()[1..].split_at(32);
        let text = |number: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(number);
        let jwk = json!({ "kty": "EC", "kid": "ec", "crv": "P-256", "x": text(x), "y": text(y) });
        (key, jwk)
    }

    fn keys(keys: impl Into<Vec<Value>>) -> KeySet {
        KeySet { keys: keys.into() }
    }

    /// `header.payload`, for a test to sign.
    fn unsigned(header: Value, claims: Value) -> String {
        let part = |json: Value| BASE64_URL_SAFE_NO_PAD.encode(json.to_string());
        format!("{}.{}", part(header), part(claims))
    }

    fn with(signed: &str, signature: &[u8]) -> String {
        format!("{signed}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }

    fn verify(keys: &KeySet, token: &str) -> std::result::Result<Value, String> {
        keys.verify(&Secret::new(token.into())).map_err(|e| {
            assert_eq!(e.code, Code::TokenInvalid);
            e.causes.join(" ")
        })
    }

    #[test]
    fn what_an_issuer_signs_is_believed_by_rsa_and_by_ecdsa() {
        let token = rsa().sign(&json!({ "sub": "alice" })).unwrap();
        let (ec, ec_jwk) = ec();
        let set = keys([json!({ "kty": "OKP", "crv": "Ed25519" }), ec_jwk, rsa_jwk(), json!(7)]);
        assert_eq!(verify(&set, token.expose()).unwrap()["sub"], "alice");
        let signed = unsigned(json!({ "alg": "ES256", "kid": "ec" }), json!({ "sub": "bob" }));
        let signature = ec.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        assert_eq!(verify(&set, &with(&signed, signature.as_ref())).unwrap()["sub"], "bob");
    }

    #[test]
    fn a_key_is_picked_by_its_id_use_and_algorithm() {
        let token = rsa().sign(&json!({})).unwrap();
        let changed = |name: &str, value: &str| {
            let mut key = rsa_jwk();
            key[name] = value.into();
            keys([key])
        };
        for (name, value) in [("kid", "another"), ("use", "enc"), ("alg", "RS512")] {
            let why = verify(&changed(name, value), token.expose()).unwrap_err();
            assert!(why.contains("no key rsa for RS256"), "{name}: {why}");
        }
        // A token without a key id is tried with each key that is left.
        let signed = unsigned(json!({ "alg": "RS256" }), json!({}));
        let mut signature = vec![0; 256];
        rsa().key.sign(&signature::RSA_PKCS1_SHA256, &SystemRandom::new(), signed.as_bytes(), &mut signature).unwrap();
        assert!(verify(&keys([ec().1, rsa_jwk()]), &with(&signed, &signature)).is_ok());
    }

    #[test]
    fn no_token_chooses_how_it_is_verified() {
        let public = rsa_jwk()["n"].to_string();
        let hmac = |signed: &str| {
            let key = ring::hmac::Key::new(ring::hmac::HMAC_SHA256, public.as_bytes());
            ring::hmac::sign(&key, signed.as_bytes()).as_ref().to_vec()
        };
        for alg in ["none", "None", "", "HS256", "ES512", "RS1", "rs256"] {
            let signed = unsigned(json!({ "alg": alg, "kid": "rsa" }), json!({}));
            for signature in [Vec::new(), hmac(&signed)] {
                let why = verify(&keys([rsa_jwk()]), &with(&signed, &signature)).unwrap_err();
                assert!(why.contains("not accepted"), "{alg}: {why}");
            }
        }
        // An RSA signature under the name of ECDSA finds no key.
        let signed = unsigned(json!({ "alg": "ES256", "kid": "ec" }), json!({}));
        assert!(verify(&keys([rsa_jwk(), ec().1]), &with(&signed, &[0; 64])).unwrap_err().contains("signature"));
    }

    #[test]
    fn what_was_changed_on_the_way_is_refused() {
        let token = rsa().sign(&json!({ "sub": "alice" })).unwrap();
        let parts: Vec<&str> = token.expose().split('.').collect();
        let other = BASE64_URL_SAFE_NO_PAD.encode(r#"{"sub":"mallory"}"#);
        let critical = unsigned(json!({ "alg": "RS256", "kid": "rsa", "crit": ["exp"] }), json!({}));
        let table = [
            (format!("{}.{other}.{}", parts[0], parts[2]), "signature"),
            (format!("{}.{}.{}", parts[0], parts[1], &parts[2][4..]), "signature"),
            (format!("{}.{}.", parts[0], parts[1]), "signature"),
            (format!("{}.{}", parts[0], parts[1]), "not a JWT"),
            (format!("{}.x", token.expose()), "not a JWT"),
            (with(&critical, &[]), "critical"),
            ("opaque".into(), "not a JWT"),
            (String::new(), "not a JWT"),
        ];
        for (token, expected) in table {
            let why = verify(&keys([rsa_jwk()]), &token).unwrap_err();
            assert!(why.contains(expected), "{token}: {why}");
        }
    }

    #[test]
    fn only_a_pkcs8_rsa_key_signs() {
        let half = PEM.replace("-----END", "-----FIN");
        for pem in ["", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----", &half] {
            assert!(SigningKey::from_pem(&Secret::new(pem.into()), "x").is_none());
        }
    }
}
