#!/usr/bin/env bash
# promote.py, then what carries its commit to main: dev is pushed, staging and production become a pull request
# that somebody approves (gh; GH_TOKEN in CI). Called by `./dev promote --push ENV [DIGEST]`, on an up-to-date main.
set -euo pipefail
cd "$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")/../.."

environment=${1:?dev, staging or production}
if [[ ${CI:-} == true ]]; then
  export GIT_AUTHOR_NAME=promotion GIT_AUTHOR_EMAIL=promotion@users.noreply.github.com
  export GIT_COMMITTER_NAME=$GIT_AUTHOR_NAME GIT_COMMITTER_EMAIL=$GIT_AUTHOR_EMAIL
fi
before=$(git rev-parse HEAD)
python3 argocd/promotion/promote.py "$@"
if [[ $(git rev-parse HEAD) == "$before" ]]; then
  exit 0
fi
if [[ $environment == dev ]]; then
  git push --quiet origin HEAD:refs/heads/main
  exit 0
fi
branch=promote-$environment-$(git rev-parse --short=12 HEAD)
git push --quiet origin "HEAD:refs/heads/$branch"
gh pr create --base main --head "$branch" --fill
