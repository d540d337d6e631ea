<?php

$metadata[str_replace('/saml2/idp/metadata.php', '/adfs', lab_entity_id())] = [
    'host' => '__DEFAULT__',
    'privatekey' => 'idp.key',
    'certificate' => 'idp.crt',
    'auth' => lab_path() === 'form' ? 'form' : 'remote-user',
];
