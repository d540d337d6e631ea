<?php

$metadata[lab_entity_id()] = [
    'host' => '__DEFAULT__',
    'privatekey' => 'idp.key',
    'certificate' => 'idp.crt',
    'auth' => lab_path() === 'form' ? 'form' : 'remote-user',
    'saml20.ecp' => true,
    'signature.algorithm' => 'http://www.w3.org/2001/04/xmldsig-more#rsa-sha256',
];
