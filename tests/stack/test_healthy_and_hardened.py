"""Every service is healthy by its own probe; every container has as few rights as it can live with."""

import pytest

from tests.site import ROOT, until

SERVICES = ["nginx", "web", "ws", "worker", "redis", "db"]
SECRETS = ["django_secret_key", "db_password", "redis_password"]


def test_every_probe_says_yes(stack):
    until(lambda: set(stack.health().values()) == {"healthy"}, f"all healthy: {stack.health()}", 30, 0.5)


@pytest.fixture
def containers(engine, request):
    found = engine.ids(request.param)
    assert found, "it does not run"
    return [(one, engine.inspect(one)) for one in found]


each_service = pytest.mark.parametrize("containers", SERVICES, indirect=True)


@each_service
def test_no_rights(containers):
    for _, about in containers:
        host = about["HostConfig"]
        assert about["Config"]["User"].split(":")[0] not in ("", "0", "root")
        assert host["ReadonlyRootfs"] is True and host["Privileged"] is False
        assert host["CapDrop"] == ["ALL"] and not host["CapAdd"]
        assert "no-new-privileges:true" in host["SecurityOpt"]
        assert host["Memory"] > 0 and host["PidsLimit"] > 0


@each_service
def test_what_the_kernel_says(engine, containers):
    for container, _ in containers:
        lines = engine.inside(container, "cat", "/proc/1/status").splitlines()
        status = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        assert "0" not in status["Uid"].split()
        assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
        assert status["NoNewPrivs"] == "1"


@each_service
def test_nothing_can_be_written_beside_what_is_meant_for_it(engine, containers):
    for container, about in containers:
        with pytest.raises(AssertionError, match="Read-only file system"):
            engine.inside(container, "sh", "-c", "echo x >/etc/x")
        writable = {mount["Destination"] for mount in about["Mounts"] if mount["RW"]}
        # Compose hands over secrets as files of the host, read-only in every container.
        assert writable <= {"/var/lib/postgresql/data"}


@each_service
def test_only_nginx_is_published(containers):
    for _, about in containers:
        published = {port for port, hosts in about["NetworkSettings"]["Ports"].items() if hosts}
        if about["Config"]["Labels"]["com.docker.compose.service"] == "nginx":
            assert published and published <= {"8080/tcp", "8443/tcp"}
        else:
            assert published == set()


@each_service
def test_no_secret_in_the_environment(containers):
    secrets = [(ROOT / ".secrets" / name).read_text().strip() for name in SECRETS]
    for _, about in containers:
        told = str(about["Config"]["Env"]) + str(about["Config"]["Cmd"]) + str(about["Config"]["Entrypoint"])
        assert not [secret for secret in secrets if secret in told]


def test_migrations_ran_before_and_ended_well(engine):
    [migrate] = engine.ids("migrate", "-a")
    assert engine.inspect(migrate)["State"]["ExitCode"] == 0
