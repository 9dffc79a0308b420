"""Activities, tools: API descriptions, read into one form. Reads files, writes none; needs only Python.

A description says, for a resource type in a version, what a PUT and a PATCH of it take. The formats:

swagger   *.json with a "swagger" member, as in a checkout of Azure/azure-rest-api-specs
pandora   a checkout of hashicorp/pandora (api-definitions/resource-manager), or its files put together, one for
          each service and version
aaz       a checkout of Azure/aaz (Resources/mgmt-plane/PATH in base64/VERSION.json); only of use where it has a PATCH
bicep     a checkout of Azure/bicep-types-az (generated/SERVICE/NAMESPACE/VERSION/types.json): PUT only, but with
          what is read-only
packages  unpacked azure-mgmt-* packages of Python (azure/mgmt/SERVICE): the simulator's tables are from them, so they
          count only where nothing else describes a type
"""

import json
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "tools"))
import packages  # noqa: E402  (beside the tools of no room)

DEEPEST = 9
FORMATS = ("swagger", "bicep", "pandora", "aaz", "packages")


@dataclass
class Node:
    """A place in a body. Without members it takes any value; `item` is what a list or a map holds. Where it has several
    forms, `members` has those of all, and `forms` each by its name. `is_text` where any text may stand."""

    members: dict = field(default_factory=dict)
    item: "Node | None" = None
    is_list: bool = False
    read_only: bool = False
    model: str = ""
    forms: dict = field(default_factory=dict)
    is_text: bool = False
    about: str = ""


@dataclass
class Description:
    """What one version of a type takes: a body by method, `None` where the method takes none."""

    version: str
    source: str
    bodies: dict = field(default_factory=dict)

    def has(self, method):
        return method in self.bodies


class Descriptions:
    """Descriptions of types, in lower case; only of those that are asked for."""

    def __init__(self, wanted):
        self.types, self.wanted = {}, {kind.lower() for kind in wanted}

    def wants(self, kind, version, is_written):
        """Whether a version of a type is to be read; `is_written` where it has a PUT."""
        return kind is not None and kind.lower() in self.wanted

    def add(self, kind, version, source, method, body):
        versions = self.types.setdefault(kind.lower(), {})
        key = (version, source)
        versions.setdefault(key, Description(version, source)).bodies.setdefault(method, body)

    def of(self, kind):
        return list(self.types.get(kind.lower(), {}).values())


def type_of(path):
    """The type that a path names, where it ends with a name."""
    at = path.lower().rfind("/providers/")
    parts = path[at + len("/providers/"):].strip("/").split("/")
    if at < 0 or len(parts) < 3 or len(parts) % 2 == 0:
        return None
    kinds = parts[1::2]
    # What stands in braces can be anything, so it is no type; `default` and the like are names.
    return None if any(kind.startswith("{") for kind in kinds) else "/".join([parts[0], *kinds])


def read(folder, wanted):
    """Whatever is described of the wanted types below a folder."""
    return read_into(Descriptions(wanted), folder)


def read_into(out, folder, formats=FORMATS):
    """The same into something that wants and adds; only what is in these formats."""
    for operation in sorted(folder.rglob("Operation-*.json")) if "pandora" in formats else ():
        pandora_file(out, operation)
    for operation in packages.read(folder, out.wanted) if "packages" in formats else ():
        body = package_node(operation.body) if operation.body and operation.body.members else None
        source = f"package {operation.package}"
        if operation.method in ("PUT", "PATCH") and (body or operation.method == "PATCH"):
            out.add(operation.kind, operation.version, source, operation.method, body)
    for file in sorted(folder.rglob("*.json")):
        if file.name.startswith(("Operation-", "Model-", "Constant-", "ResourceId-")):
            continue
        if "examples" in file.parts:
            continue
        try:
            text = json.loads(file.read_text(encoding="utf-8-sig"))
        except (ValueError, OSError):
            continue
        if file.name == "types.json" and isinstance(text, list):
            bicep(out, text, file.relative_to(folder))
        elif isinstance(text, dict) and text.get("plane") == "mgmt-plane" and "aaz" in formats:
            aaz(out, text, file.stem)
        elif isinstance(text, dict) and "swagger" in text:
            Swagger(out, text, file, folder).read()
        elif isinstance(text, dict) and {"service", "apiVersion", "resources"} <= text.keys() and "pandora" in formats:
            pandora_bundle(out, text)
    return out


def package_node(place):
    """A place of a package's model."""
    read_only = bool(place.when) and not {"create", "update"} & set(place.when)
    node = Node(is_list=place.is_list, read_only=read_only, model=place.model)
    node.members = {name: package_node(member) for name, member in place.members.items()}
    node.item = package_node(place.item) if place.item is not None else None
    return node


class Swagger:
    """One file of OpenAPI 2.0, and what it refers to."""

    files = {}

    def __init__(self, out, text, file, folder):
        self.out, self.text, self.file, self.folder = out, text, file, folder

    def read(self):
        version = self.text.get("info", {}).get("version", "")
        # A bundle says where it was cut out of.
        source = self.text.get("x-source", {}).get("path") or str(self.file.relative_to(self.folder))
        for path, methods in {**self.text.get("paths", {}), **self.text.get("x-ms-paths", {})}.items():
            kind = type_of(path.split("?")[0])
            for method, operation in methods.items() if self.out.wants(kind, version, "put" in methods) else ():
                if method.upper() in ("GET", "PUT", "PATCH"):
                    self.out.add(kind, version, f"swagger {source}", method.upper(), self.body(operation))

    def body(self, operation):
        for parameter in operation.get("parameters", []):
            parameter, file = self.resolve(parameter, self.file)
            if parameter.get("in") == "body":
                return self.node(parameter.get("schema", {}), file, ())
        return None

    def resolve(self, schema, file):
        while "$ref" in schema:
            name, _, pointer = schema["$ref"].partition("#")
            file = (file.parent / name).resolve() if name else file
            schema = self.load(file)
            for part in pointer.strip("/").split("/"):
                schema = schema.get(part.replace("~1", "/").replace("~0", "~"), {})
        return schema, file

    def load(self, file):
        if file == self.file:
            return self.text
        if file not in self.files:
            self.files[file] = json.loads(file.read_text(encoding="utf-8-sig")) if file.is_file() else {}
        return self.files[file]

    def node(self, schema, file, above):
        model = schema.get("$ref", "").rsplit("/", 1)[-1]
        read_only = bool(schema.get("readOnly"))
        schema, file = self.resolve(schema, file)
        node = Node(model=model, read_only=read_only or bool(schema.get("readOnly")))
        node.is_text = schema.get("type") == "string" and not schema.get("enum")
        node.about = schema.get("description", "")
        if len(above) > DEEPEST or (model and model in above):
            return node
        above = (*above, model)
        for part in schema.get("allOf", []):
            parent = self.node(part, file, above)
            node.members.update(parent.members)
            node.is_text |= parent.is_text
        for name, member in schema.get("properties", {}).items():
            node.members[name] = self.node(member, file, above)
        if "discriminator" in schema:
            self.variants(node, model, file, above)
        if schema.get("type") == "array" or "items" in schema:
            node.is_list, node.item = True, self.node(schema.get("items", {}), file, above)
        elif isinstance(schema.get("additionalProperties"), dict) and not node.members:
            node.item = self.node(schema["additionalProperties"], file, above)
        return node

    def variants(self, node, model, file, above):
        for name, schema in self.load(file).get("definitions", {}).items():
            parents = [part.get("$ref", "").rsplit("/", 1)[-1] for part in schema.get("allOf", [])]
            if model in parents:
                child = self.node({"$ref": f"#/definitions/{name}"}, file, above)
                node.forms[schema.get("x-ms-discriminator-value", name)] = child
                for key, member in child.members.items():
                    node.members.setdefault(key, member)


def identity(kind):
    """The `identity` member of pandora's kinds of it."""
    members = {"type": Node()}
    if "UserAssigned" in kind:
        members["userAssignedIdentities"] = Node(item=Node())
    return Node(members=members, model=kind)


def pandora_node(kind, models, above):
    """`kind` is written as in the files that are put together: `List<X>`, `Dictionary<X>`, `X`."""
    holder = re.fullmatch(r"(List|Dictionary)<(.*)>", kind)
    if holder:
        return Node(item=pandora_node(holder[2], models, above), is_list=holder[1] == "List")
    if "AssignedIdentity" in kind and kind not in models:
        return identity(kind)
    node = Node(model=kind if kind in models else "")
    if kind not in models or kind in above or len(above) > DEEPEST:
        return node
    above = (*above, kind)
    children = [model for model in models.values() if model.get("parent") == kind]
    for fields in [models[kind]["fields"], *(child["fields"] for child in children)]:
        for name, (inner, read_only) in fields.items():
            if name not in node.members:
                node.members[name] = pandora_node(inner, models, above)
                node.members[name].read_only = read_only
    parent = models[kind].get("parent")
    if parent in models:
        for name, (inner, _) in models[parent]["fields"].items():
            node.members.setdefault(name, pandora_node(inner, models, above))
    return node


def pandora_bundle(out, text):
    service, version = text["service"], text["apiVersion"]
    for resource in text["resources"].values():
        models = {
            name: {"fields": {n: (f["type"], f.get("readOnly", False)) for n, f in model["fields"].items()}}
            for name, model in resource.get("models", {}).items()
        }
        for operation in resource["operations"]:
            kind = type_of(operation["uri"])
            is_written = operation["method"] == "PUT"
            if operation["method"] in ("GET", "PUT", "PATCH") and out.wants(kind, version, is_written):
                sent = operation.get("requestObject")
                body = pandora_node(sent, models, ()) if sent else None
                out.add(kind, version, f"pandora {service}", operation["method"], body)


def written(definition):
    """Pandora's definition of an object, as it is written in the files that are put together."""
    kind = definition["type"]
    if kind in ("List", "Dictionary"):
        return f"{kind}<{written(definition['nestedItem'])}>"
    return definition["referenceName"] if kind == "Reference" else kind


MODELS = {}


def pandora_models(folder):
    if folder not in MODELS:
        models = {}
        for file in folder.glob("Model-*.json"):
            model = json.loads(file.read_text())
            fields = {
                f["jsonName"]: (written(f["objectDefinition"]), f.get("readOnly", False))
                for f in model.get("fields") or []
            }
            models[model["name"]] = {"fields": fields, "parent": model.get("discriminatedParentModelName")}
        MODELS[folder] = models
    return MODELS[folder]


def pandora_file(out, file):
    operation = json.loads(file.read_text())
    method, name = operation["httpMethod"], operation.get("resourceIdName")
    if method not in ("GET", "PUT", "PATCH") or operation.get("uriSuffix") or not name:
        return
    id_of = json.loads((file.parent / f"ResourceId-{name}.json").read_text())
    kind = type_of(id_of["id"])
    version, service = file.parent.parent.name, file.parent.parent.parent.name
    if not out.wants(kind, version, method == "PUT"):
        return
    sent = operation.get("requestObject")
    body = pandora_node(written(sent), pandora_models(file.parent), ()) if sent else None
    out.add(kind, version, f"pandora {service}", method, body)


def bicep(out, types, file):
    def node(reference, above):
        at = int(reference["$ref"].rsplit("/", 1)[-1])
        text = types[at]
        made = Node(model=text.get("name", ""), is_text=text["$type"] == "StringType")
        if at in above or len(above) > DEEPEST:
            return made
        above = (*above, at)
        lists = {**text.get("properties", {}), **text.get("baseProperties", {})}
        for name, member in lists.items():
            made.members[name] = node(member["type"], above)
            made.members[name].read_only = bool(member["flags"] & 2)
            made.members[name].about = member.get("description", "")
        if text["$type"] == "DiscriminatedObjectType":
            for form, element in text["elements"].items():
                made.forms[form] = node(element, above)
                for name, member in made.forms[form].members.items():
                    made.members.setdefault(name, member)
        if text["$type"] == "ArrayType":
            made.is_list, made.item = True, node(text["itemType"], above)
        elif "additionalProperties" in text and not made.members:
            made.item = node(text["additionalProperties"], above)
        return made

    for text in types:
        if text.get("$type") == "ResourceType" and text.get("writableScopes", text.get("scopeType", 1)):
            kind, version = text["name"].split("@")
            if not out.wants(kind, version, True):
                continue
            out.add(kind, version, "bicep " + str(Path(*file.parts[-4:])), "PUT", node(text["body"], ()))


def aaz(out, text, version):
    """A command that updates by a PUT says nothing of a PATCH, so only what has one is a description."""
    found = [
        http for http in requests(text)
        if out.wants(type_of(http["path"]), version, http["request"]["method"].upper() == "PUT")
    ]
    if not any(http["request"]["method"] == "patch" for http in found):
        return
    for http in found:
        method, kind = http["request"]["method"].upper(), type_of(http["path"])
        body = http["request"].get("body", {}).get("json", {}).get("schema")
        if method == "GET" or (method in ("PUT", "PATCH") and body):
            out.add(kind, version, "aaz", method, aaz_node(body or {}, {}, ()))


def requests(text):
    if isinstance(text, dict):
        if "path" in text.get("http", {}):
            yield text["http"]
        for value in text.values():
            yield from requests(value)
    elif isinstance(text, list):
        for value in text:
            yield from requests(value)


def aaz_node(schema, classes, above):
    name = schema.get("cls") or schema.get("type", "").removeprefix("@")
    if "cls" in schema:
        classes[name] = schema
    if schema.get("type", "").startswith("@"):
        schema = {**classes.get(name, {}), "readOnly": schema.get("readOnly", False)}
    node = Node(read_only=bool(schema.get("readOnly")))
    if len(above) > DEEPEST or (name in classes and name in above):
        return node
    above = (*above, name)
    for member in schema.get("props", []):
        node.members[member["name"]] = aaz_node(member, classes, above)
    if "item" in schema:
        node.is_list, node.item = True, aaz_node(schema["item"], classes, above)
    elif schema.get("additionalProps") and not node.members:
        node.item = aaz_node(schema["additionalProps"].get("item", {}), classes, above)
    return node
