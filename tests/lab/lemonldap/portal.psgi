# The portal alone, for plackup. $LLNG_DEFAULTCONFFILE is read by its modules.
use Lemonldap::NG::Portal::Main;

Lemonldap::NG::Portal::Main->run({});
