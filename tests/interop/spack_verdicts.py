"""A script for a real Spack: which builds of an index would it re-use on which machines.

It asks Spack's own order of targets and its own rule for C libraries.
"""

SCRIPT = """
import json
import sys

import spack.solver.asp
import spack.spec
import spack.vendor.archspec.cpu as cpu

hosts, records = (json.load(open(path)) for path in sys.argv[1:3])


def needed(hash_):
    found, queue = {}, [hash_]
    while queue:
        current = queue.pop()
        if current not in found and current in records:
            found[current] = records[current]["spec"]
            for edge in found[current].get("dependencies", ()):
                if {"link", "run"} & set(edge["parameters"]["deptypes"]):
                    queue.append(edge["hash"])
    return list(found.values())


def is_for(host, node):
    arch = node["arch"]
    target = arch["target"] if isinstance(arch["target"], str) else arch["target"]["name"]
    own = cpu.TARGETS[host["target"]]
    return arch["platform"] == host["platform"] and cpu.TARGETS[target] <= own


def libc(name, version, path):
    return spack.spec.Spec(f"{name}@={version}", external_path=path)


def has_libc(host, node):
    own = host["libc"]
    return own is not None and spack.solver.asp.libc_is_compatible(
        libc(own["name"], own["version"], own["prefix"]),
        libc(node["name"], node["version"], node["external"]["path"]),
    )


def runs(host, hash_):
    nodes = needed(hash_)
    libcs = {
        edge["hash"]
        for node in nodes
        for edge in node.get("dependencies", ())
        if "libc" in edge["parameters"]["virtuals"]
    }
    built = [node for node in nodes if not node.get("external")]
    return all(is_for(host, node) for node in built) and all(
        has_libc(host, records[item]["spec"]) for item in libcs
    )


builds = sorted(hash_ for hash_, record in records.items() if record["in_buildcache"])
print(json.dumps({
    name: [hash_ for hash_ in builds if runs(host, hash_)] for name, host in hosts.items()
}))
"""
