<?php

/** Takes the user whom the web server has authenticated; a user without an entry is denied. */
class RemoteUser extends \SimpleSAML\Auth\Source
{
    public function authenticate(&$state)
    {
        $principal = $_SERVER['REMOTE_USER'] ?? $_SERVER['LAB_PROXIED_USER'] ?? '';
        $user = explode('@', $principal)[0];
        $users = lab_users();
        if (!isset($users[$user])) {
            throw new \SimpleSAML\Error\Exception("no such user: '$principal'");
        }
        $state['Attributes'] = $users[$user];
    }
}
