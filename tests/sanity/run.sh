#!/usr/bin/env bash
# ansible-test sanity on the built and installed artifact: what is tested is what ships.
set -euo pipefail
bin=$1
cd "$(dirname "$0")/../.."
site=$("$bin/python" -c 'import ansible_collections.amazon.aws as a; import os; print(os.path.dirname(os.path.dirname(list(a.__path__)[0])))')
python=$("$bin/python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
tree=$PWD/.cache/sanity-$python

rm -rf "$tree/ansible_collections/llmops"
mkdir -p "$tree/ansible_collections"
# Imports of the modules are tested with the collections they build on beside them.
ln -sfn "$site/amazon" "$tree/ansible_collections/amazon"
ln -sfn "$site/community" "$tree/ansible_collections/community"
"$bin/ansible-galaxy" collection build --force --output-path "$tree"
"$bin/ansible-galaxy" collection install --force --no-deps --collections-path "$tree" "$tree"/llmops-langfuse-*.tar.gz

# ansible-test fetches pip's bootstrap script from a host that a closed network does not reach; where its cache has none,
# the interpreter's own ensurepip does the same.
version=$("$bin/python" - <<'PYTHON'
from ansible_test._internal import python_requirements
import inspect, re
print(re.search(r"pip=['\"]([\d.]+)['\"]", inspect.getsource(python_requirements)).group(1))
PYTHON
)
cache=$HOME/.ansible/test/cache/get_pip_${version//./_}.py
if [ ! -e "$cache" ]; then
    mkdir -p "$(dirname "$cache")"
    cat > "$cache" <<'PYTHON'
import ensurepip
import os
import subprocess
import sys

environment = dict(os.environ)  # ensurepip hides pip's configuration from what comes after it
ensurepip.bootstrap()
wanted = [argument for argument in sys.argv[1:] if argument not in ("--no-setuptools", "--no-wheel")]
sys.exit(subprocess.call([sys.executable, "-m", "pip", "install", *wanted], env=environment))
PYTHON
fi

cd "$tree/ansible_collections/llmops/langfuse"
# A repository of its own: inside the checkout's, ansible-test would list nothing here, for .cache is ignored there.
git init --quiet
"$bin/ansible-test" sanity --python "$python" --requirements --color no
