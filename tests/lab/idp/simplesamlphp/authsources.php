<?php

$users = lab_users();

$config = [
    'admin' => ['core:AdminPassword'],
    'form' => [
        'exampleauth:UserPass',
        'alice:' . getenv('LAB_ALICE_PASSWORD') => $users['alice'],
        'bob:' . getenv('LAB_BOB_PASSWORD') => $users['bob'],
    ],
    'remote-user' => ['RemoteUser'],
];
