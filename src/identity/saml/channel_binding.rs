//! Channel bindings of the type `tls-server-end-point` (RFC 5929 §4), for `channel_bindings = "auto"`.
//!
//! AD FS with Extended Protection refuses a Kerberos token that does not name the certificate that its client saw, so a server
//! in the middle cannot use the token at the real one.

use sha2::{Digest, Sha224, Sha256, Sha384, Sha512, Sha512_256};

use crate::der;

/// Returns the application data of the bindings: the name of the type, a colon, and the digest of the leaf certificate.
///
/// `None` if RFC 5929 §4.1 does not define the type (for a signature without a hash, such as Ed25519, or with two different
/// ones), and if the hash is not supported. The token is then sent without bindings, as by browsers.
pub fn tls_server_end_point(leaf_der: &[u8]) -> Option<Vec<u8>> {
    let digest = match signature_hash(leaf_der)? {
        Hash::Sha224 => Sha224::digest(leaf_der).to_vec(),
        Hash::Sha256 => Sha256::digest(leaf_der).to_vec(),
        Hash::Sha384 => Sha384::digest(leaf_der).to_vec(),
        Hash::Sha512 => Sha512::digest(leaf_der).to_vec(),
        Hash::Sha512t256 => Sha512_256::digest(leaf_der).to_vec(),
    };
    Some([b"tls-server-end-point:", &digest[..]].concat())
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Hash {
    Sha224,
    /// Also used in place of MD5 and SHA-1 (RFC 5929 §4.1).
    Sha256,
    Sha384,
    Sha512,
    Sha512t256,
}

/// Hashes by object identifier: the last arc, below each prefix.
type Hashes = [(&'static [u8], &'static [(u8, Hash)])];

const SIGNATURES: &Hashes = &[
    // 1.2.840.113549.1.1: RSA with MD5, SHA-1, SHA-256, …
    (
        b"\x2a\x86\x48\x86\xf7\x0d\x01\x01",
        &[
            (4, Hash::Sha256),
            (5, Hash::Sha256),
            (11, Hash::Sha256),
            (12, Hash::Sha384),
            (13, Hash::Sha512),
            (14, Hash::Sha224),
            (16, Hash::Sha512t256),
        ],
    ),
    // 1.2.840.10045.4: ECDSA with SHA-1
    (b"\x2a\x86\x48\xce\x3d\x04", &[(1, Hash::Sha256)]),
    // 1.2.840.10045.4.3: ECDSA with SHA-2
    (b"\x2a\x86\x48\xce\x3d\x04\x03", &[(1, Hash::Sha224), (2, Hash::Sha256), (3, Hash::Sha384), (4, Hash::Sha512)]),
];

const DIGESTS: &Hashes = &[
    // 1.3.14.3.2: SHA-1
    (b"\x2b\x0e\x03\x02", &[(26, Hash::Sha256)]),
    // 2.16.840.1.101.3.4.2: SHA-2
    (
        b"\x60\x86\x48\x01\x65\x03\x04\x02",
        &[(1, Hash::Sha256), (2, Hash::Sha384), (3, Hash::Sha512), (4, Hash::Sha224), (6, Hash::Sha512t256)],
    ),
];

/// 1.2.840.113549.1.1.10
const RSASSA_PSS: &[u8] = b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x0a";
/// 1.3.14.3.2.26
const SHA1: &[u8] = b"\x2b\x0e\x03\x02\x1a";

fn hash_of(identifier: &[u8], hashes: &Hashes) -> Option<Hash> {
    let (arc, prefix) = identifier.split_last()?;
    let (_, arcs) = hashes.iter().find(|(known, _)| *known == prefix)?;
    arcs.iter().find(|(known, _)| known == arc).map(|(_, hash)| *hash)
}

/// RFC 5280 §4.1: `Certificate ::= SEQUENCE { tbsCertificate, signatureAlgorithm, signatureValue }`.
fn signature_hash(certificate: &[u8]) -> Option<Hash> {
    let mut fields = der::elements(der::content_of(der::SEQUENCE, certificate)?);
    let algorithm = fields.nth(1).filter(|field| field.tag == der::SEQUENCE)?;
    let (identifier, parameters) = der::first(algorithm.content)?;
    match identifier.content {
        _ if identifier.tag != der::OBJECT_IDENTIFIER => None,
        RSASSA_PSS => pss_hash(parameters),
        signature => hash_of(signature, SIGNATURES),
    }
}

/// RFC 4055 §3.1: both the hash and the hash of the mask generation are SHA-1 unless given, and must be equal to count as one.
fn pss_hash(parameters: &[u8]) -> Option<Hash> {
    let fields = der::content_of(der::SEQUENCE, parameters)?;
    let field = |tag| der::elements(fields).find(|field| field.tag == tag).map(|field| field.content);
    let hash = match field(0xa0) {
        None => SHA1,
        Some(algorithm) => algorithm_identifier(algorithm)?.0,
    };
    let mask_hash = match field(0xa1) {
        None => SHA1,
        Some(mask) => algorithm_identifier(algorithm_identifier(mask)?.1)?.0,
    };
    if hash == mask_hash { hash_of(hash, DIGESTS) } else { None }
}

/// The object identifier of an AlgorithmIdentifier, and the DER of its parameters.
fn algorithm_identifier(input: &[u8]) -> Option<(&[u8], &[u8])> {
    let (identifier, parameters) = der::first(der::content_of(der::SEQUENCE, input)?)?;
    (identifier.tag == der::OBJECT_IDENTIFIER).then_some((identifier.content, parameters))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
        let content = parts.concat();
        [&[tag, u8::try_from(content.len()).unwrap()], &content[..]].concat()
    }

    /// A certificate of which only the signature's algorithm is real.
    fn certificate(algorithm: &[&[u8]]) -> Vec<u8> {
        der(0x30, &[&der(0x30, &[b"\x02\x01\x07"]), &der(0x30, algorithm), b"\x03\x02\x00\xff"])
    }

    fn oid(content: &[u8]) -> Vec<u8> {
        der(0x06, &[content])
    }

    fn sha2(arc: u8) -> Vec<u8> {
        der(0x30, &[&oid(&[DIGESTS[1].0, &[arc]].concat()), b"\x05\x00"])
    }

    fn pss(hash: Option<u8>, mask_hash: Option<u8>) -> Vec<u8> {
        // 1.2.840.113549.1.1.8, id-mgf1
        let mgf1 = |hash| der(0x30, &[&oid(b"\x2a\x86\x48\x86\xf7\x0d\x01\x01\x08"), &sha2(hash)]);
        let hash = hash.map_or(Vec::new(), |hash| der(0xa0, &[&sha2(hash)]));
        let mask = mask_hash.map_or(Vec::new(), |hash| der(0xa1, &[&mgf1(hash)]));
        certificate(&[&oid(RSASSA_PSS), &der(0x30, &[&hash, &mask])])
    }

    #[test]
    fn the_hash_is_the_one_of_the_leafs_own_signature() {
        let rsa = |arc: u8| certificate(&[&oid(&[SIGNATURES[0].0, &[arc]].concat()), b"\x05\x00"]);
        let ecdsa = |arc: u8| certificate(&[&oid(&[SIGNATURES[2].0, &[arc]].concat())]);
        let table = [
            ("MD5 with RSA", rsa(4), Some(Hash::Sha256)),
            ("SHA-1 with RSA", rsa(5), Some(Hash::Sha256)),
            ("SHA-256 with RSA", rsa(11), Some(Hash::Sha256)),
            ("SHA-384 with RSA", rsa(12), Some(Hash::Sha384)),
            ("SHA-512 with RSA", rsa(13), Some(Hash::Sha512)),
            ("SHA-224 with RSA", rsa(14), Some(Hash::Sha224)),
            ("MD2 with RSA", rsa(2), None),
            ("SHA-1 with ECDSA", certificate(&[&oid(&[SIGNATURES[1].0, &[1]].concat())]), Some(Hash::Sha256)),
            ("SHA-256 with ECDSA", ecdsa(2), Some(Hash::Sha256)),
            ("SHA-384 with ECDSA", ecdsa(3), Some(Hash::Sha384)),
            ("SHA-512 with ECDSA", ecdsa(4), Some(Hash::Sha512)),
            ("PSS, SHA-1 by default", pss(None, None), Some(Hash::Sha256)),
            ("PSS, SHA-256", pss(Some(1), Some(1)), Some(Hash::Sha256)),
            ("PSS, SHA-512", pss(Some(3), Some(3)), Some(Hash::Sha512)),
            ("PSS, two hashes", pss(Some(3), Some(1)), None),
            ("PSS, two hashes, one by default", pss(Some(1), None), None),
            ("Ed25519", certificate(&[&oid(b"\x2b\x65\x70")]), None),
        ];
        for (name, certificate, expected) in table {
            assert_eq!(signature_hash(&certificate), expected, "{name}");
        }
    }

    #[test]
    fn the_binding_is_the_types_name_and_the_digest_of_the_whole_certificate() {
        let certificate = certificate(&[&oid(&[SIGNATURES[2].0, &[3]].concat())]);
        let expected = [b"tls-server-end-point:", &Sha384::digest(&certificate)[..]].concat();
        assert_eq!(tls_server_end_point(&certificate), Some(expected));
    }

    #[test]
    fn real_certificates_are_understood() {
        let certificate = |algorithm| {
            let key = rcgen::KeyPair::generate_for(algorithm).unwrap();
            let parameters = rcgen::CertificateParams::new(vec!["idp.example.test".into()]).unwrap();
            parameters.self_signed(&key).unwrap().der().to_vec()
        };
        assert_eq!(signature_hash(&certificate(&rcgen::PKCS_ECDSA_P256_SHA256)), Some(Hash::Sha256));
        assert_eq!(signature_hash(&certificate(&rcgen::PKCS_ECDSA_P384_SHA384)), Some(Hash::Sha384));
        assert_eq!(signature_hash(&certificate(&rcgen::PKCS_ED25519)), None);
    }

    #[test]
    fn what_is_no_certificate_binds_nothing() {
        let cut = certificate(&[&oid(&[SIGNATURES[1].0, &[1]].concat())]);
        for bytes in [&b""[..], b"\x30\x00", b"-----BEGIN CERTIFICATE-----", &cut[..cut.len() - 1]] {
            assert_eq!(tls_server_end_point(bytes), None, "{bytes:02x?}");
        }
    }
}
