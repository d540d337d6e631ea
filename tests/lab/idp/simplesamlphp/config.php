<?php

require_once __DIR__ . '/lab.php';
require_once __DIR__ . '/RemoteUser.php';

$dir = getenv('LAB_IDP_DIR');

$config = [
    'baseurlpath' => lab_path() . '/',
    'certdir' => "$dir/signing/",
    'loggingdir' => "$dir/log/",
    'datadir' => "$dir/data/",
    'tempdir' => "$dir/tmp",
    'metadatadir' => "$dir/config/metadata",
    'metadata.sources' => [['type' => 'flatfile']],

    'technicalcontact_name' => 'lab',
    'technicalcontact_email' => 'na@example.test',
    'timezone' => 'UTC',
    'secretsalt' => 'lab-salt',
    'auth.adminpassword' => 'lab-admin',
    'admin.checkforupdates' => false,
    'trusted.url.domains' => [],
    'production' => true,

    'showerrors' => true,
    'errorreporting' => false,
    'logging.level' => \SimpleSAML\Logger::DEBUG,
    'logging.handler' => 'file',
    'logging.logfile' => 'simplesamlphp.log',

    'enable.saml20-idp' => true,
    'enable.adfs-idp' => true,
    'module.enable' => ['exampleauth' => true, 'core' => true, 'saml' => true, 'adfs' => true],
    'authproc.idp' => [],
    'authproc.sp' => [],

    'store.type' => 'phpsession',
    'session.duration' => 28800,
    'session.state.timeout' => 3600,
    'session.cookie.name' => 'SimpleSAMLSessionID',
    'session.cookie.path' => '/',
    'session.cookie.secure' => isset($_SERVER['HTTPS']),
    'session.cookie.samesite' => null,
    'session.phpsession.cookiename' => 'SimpleSAML',
    'session.phpsession.savepath' => "$dir/sessions",
    'session.phpsession.httponly' => true,
    'session.authtoken.cookiename' => 'SimpleSAMLAuthToken',

    'language.available' => ['en'],
    'language.default' => 'en',
    'language.cookie.secure' => false,
    'theme.use' => 'default',
];
