<?php

// A service provider that speaks WS-Federation: its page carries `wresult`, and no SAMLResponse.
$metadata['urn:lab:ws-federation'] = [
    'prp' => 'https://signin.aws.amazon.com/saml',
    'simplesaml.nameidattribute' => 'uid',
];
