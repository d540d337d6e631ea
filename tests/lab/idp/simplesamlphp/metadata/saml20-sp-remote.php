<?php

$aws = [
    // The second one is for clients that carry the response themselves (ECP).
    'AssertionConsumerService' => [
        ['Binding' => 'urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST', 'Location' => 'https://signin.aws.amazon.com/saml'],
        ['Binding' => 'urn:oasis:names:tc:SAML:2.0:bindings:PAOS', 'Location' => 'https://signin.aws.amazon.com/saml'],
    ],
    'NameIDFormat' => 'urn:oasis:names:tc:SAML:2.0:nameid-format:persistent',
    'simplesaml.nameidattribute' => 'uid',
    'simplesaml.attributes' => true,
    'attributes.NameFormat' => 'urn:oasis:names:tc:SAML:2.0:attrname-format:uri',
    'saml20.sign.response' => true,
    'saml20.sign.assertion' => true,
    'assertion.lifetime' => 300,
];

$metadata['urn:amazon:webservices'] = $aws;

// AWS again, with assertions that have expired when they are made.
$metadata['urn:lab:expired'] = ['assertion.lifetime' => -600, 'audience' => ['urn:amazon:webservices']] + $aws;
