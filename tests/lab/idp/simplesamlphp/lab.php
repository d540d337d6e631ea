<?php
// Which of the lab's IdPs a request is for, and what depends on it.

const LAB_ACCOUNT = 'arn:aws:iam::111122223333';

/** The first segment of the path: negotiate, basic, form or proxied. */
function lab_path(): string
{
    return explode('/', $_SERVER['REQUEST_URI'] ?? '')[1] ?? '';
}

/** The IdP's name for itself. It does not follow the Host header: AWS knows the IdP under either name of its host. */
function lab_entity_id(): string
{
    return 'https://localhost:' . getenv('LAB_IDP_TLS_PORT') . '/' . lab_path() . '/saml2/idp/metadata.php';
}

/** Under which name AWS knows the IdP. */
function lab_provider(): string
{
    return LAB_ACCOUNT . ':saml-provider/' . lab_path();
}

/** What the IdP says about whom. */
function lab_users(): array
{
    $account = LAB_ACCOUNT;
    $provider = lab_provider();
    $attribute = 'https://aws.amazon.com/SAML/Attributes/';
    return [
        // Both orders of role and provider, which AWS takes alike; a role that is gone, and one of another account,
        // whose provider the lab's AWS does not know.
        'alice' => [
            'uid' => ['alice'],
            $attribute . 'Role' => [
                "$account:role/Dev,$provider",
                "$provider,$account:role/path/Admin",
                "$account:role/Retired,$provider",
                'arn:aws:iam::444455556666:role/ReadOnly,arn:aws:iam::444455556666:saml-provider/lab',
            ],
            $attribute . 'RoleSessionName' => ['alice@example.test'],
            $attribute . 'SessionDuration' => ['7200'],
        ],
        // One role, and no duration.
        'bob' => [
            'uid' => ['bob'],
            $attribute . 'Role' => ["$account:role/Dev,$provider"],
            $attribute . 'RoleSessionName' => ['bob@example.test'],
        ],
    ];
}
