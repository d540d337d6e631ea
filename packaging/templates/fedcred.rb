# Homebrew: brew install --formula ./fedcred.rb, or in a tap.
class Fedcred < Formula
  desc "Short-lived AWS credentials from an enterprise or workload identity"
  homepage "@REPOSITORY@"
  version "@VERSION@"
  license any_of: ["Apache-2.0", "MIT"]

  on_macos do
    on_arm do
      url "@URL@/fedcred-@VERSION@-aarch64-apple-darwin.tar.gz"
      sha256 "@SHA256:aarch64-apple-darwin.tar.gz@"
    end
    on_intel do
      url "@URL@/fedcred-@VERSION@-x86_64-apple-darwin.tar.gz"
      sha256 "@SHA256:x86_64-apple-darwin.tar.gz@"
    end
  end

  on_linux do
    on_arm do
      url "@URL@/fedcred-@VERSION@-aarch64-unknown-linux-gnu.tar.gz"
      sha256 "@SHA256:aarch64-unknown-linux-gnu.tar.gz@"
    end
    on_intel do
      url "@URL@/fedcred-@VERSION@-x86_64-unknown-linux-gnu.tar.gz"
      sha256 "@SHA256:x86_64-unknown-linux-gnu.tar.gz@"
    end
  end

  def install
    bin.install "bin/fedcred"
    # Where the platform has a small program in front, the complete one stands behind it.
    (libexec/"fedcred").install "libexec/fedcred/fedcred" if File.exist?("libexec/fedcred/fedcred")
    man1.install Dir["share/man/man1/*"]
    bash_completion.install "share/bash-completion/completions/fedcred"
    zsh_completion.install "share/zsh/site-functions/_fedcred"
    fish_completion.install "share/fish/vendor_completions.d/fedcred.fish"
    doc.install Dir["share/doc/fedcred/*"]
  end

  test do
    assert_match version.to_s, shell_output("#{bin}/fedcred --version")
  end
end
