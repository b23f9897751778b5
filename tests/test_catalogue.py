"""What the catalogue says of commands: the role of what stays up, the phase of what runs to its end, and decoys."""

import shlex

import pytest

from splitter.catalogue import foreground, match, one_off, service
from splitter.catalogue.peel import becomes

# One command a line, under what it is.
STAYS = {
    "web": """
        puma -C config/puma.rb
        bundle exec puma -b tcp://0.0.0.0:3000
        bundle exec rails server -b 0.0.0.0
        bin/rails s -p 3000
        unicorn_rails -c config/unicorn.rb
        bundle exec passenger start
        bundle exec thin start -p 3000
        bundle exec falcon serve
        bundle exec rackup -p 9292
        gunicorn app.wsgi:application
        python -m gunicorn app:app
        uvicorn main:app --host 0.0.0.0
        python3 -m uvicorn main:app
        hypercorn asgi:app
        daphne -b 0.0.0.0 asgi:application
        granian --interface asgi main:app
        waitress-serve --port=8080 app:app
        uwsgi --ini uwsgi.ini
        python manage.py runserver 0.0.0.0:8000
        flask run --host=0.0.0.0
        flask --app web run
        fastapi run main.py
        streamlit run app.py
        poetry run uvicorn main:app
        uv run gunicorn app:app
        php-fpm
        php-fpm8.2 -F
        frankenphp run --config /etc/caddy/Caddyfile
        rr serve -c .rr.yaml
        php -S 0.0.0.0:8000 -t public
        php -S 127.0.0.1:9876 /app/router.php
        schema-registry-start /etc/registry.properties
        gsad --http-only --port=9392
        php artisan serve --host=0.0.0.0
        php artisan octane:start --server=swoole
        php artisan reverb:start
        next start -p 3000
        npx next start
        yarn next start
        nuxt start
        vite preview --host
        serve -s build
        npx http-server dist
        strapi start
        nest start
        mix phx.server
        catalina.sh run
        celery -A app flower
        mix phoenix.server
    """,
    "proxy": """
        nginx -g 'daemon off;'
        /usr/sbin/nginx
        apache2ctl -D FOREGROUND
        apache2-foreground
        httpd-foreground
        caddy run --config /etc/caddy/Caddyfile
        haproxy -f /etc/haproxy/haproxy.cfg
        traefik --providers.docker
        envoy -c /etc/envoy.yaml
        varnishd -F -f /etc/varnish/default.vcl
        lighttpd -D -f /etc/lighttpd/lighttpd.conf
    """,
    "worker": """
        celery -A app worker -l info
        python -m celery -A app worker
        celery worker -A app -Q high
        python manage.py celery worker
        celery multi start w1 -A app
        bundle exec sidekiq -C config/sidekiq.yml
        sidekiqswarm
        QUEUE=* bundle exec rake resque:work
        bundle exec rake environment resque:work
        bundle exec resque-pool
        rq worker default
        rq worker-pool -n 4
        python manage.py rqworker default
        python -m rq.cli worker high
        huey_consumer.py app.huey
        huey_consumer app.huey -w 4
        python manage.py run_huey
        python manage.py djangohuey --queue first
        dramatiq app.tasks
        python -m dramatiq app.tasks
        python manage.py rundramatiq
        arq app.WorkerSettings
        taskiq worker app:broker
        procrastinate worker
        python manage.py procrastinate worker
        python manage.py qcluster
        python manage.py process_tasks
        python manage.py db_worker
        python manage.py runworker default
        php artisan queue:work --tries=3
        php artisan queue:listen
        php /var/www/artisan horizon
        php bin/console messenger:consume async
        bin/delayed_job run
        bundle exec rake jobs:work
        bin/rails jobs:work
        bundle exec good_job start
        bin/jobs
        bin/jobs start
        bundle exec rake solid_queue:start
        bin/rails solid_queue:start
        bundle exec que ./app.rb
        bundle exec shoryuken -q default
        bundle exec karafka server
        bundle exec sneakers work Processor
        bullmq worker.js
        graphile-worker -c postgres://db/app
        airflow celery worker
    """,
    "scheduler": """
        celery -A app beat
        celery beat -A app -s /tmp/schedule
        python -m celery -A app beat
        python manage.py celery beat
        bundle exec clockwork config/clock.rb
        bundle exec clockworkd -c clock.rb run
        rqscheduler --host redis
        python manage.py rqscheduler
        bundle exec rake resque:scheduler
        php artisan schedule:work
        php artisan short-schedule:run
        taskiq scheduler app:scheduler
        airflow scheduler
        periodiq app
        cron -f
        crond -f -l 8
        /usr/sbin/crond -n
        busybox crond -f
        supercronic /etc/crontab
        yacron -c /etc/yacron.yaml
        dagster-daemon run
        bench schedule
    """,
    "backing": """
        redis-server /etc/redis.conf
        valkey-server
        postgres -D /var/lib/postgresql/data
        /usr/lib/postgresql/15/bin/postgres -D /data
        mysqld --user=mysql
        mysqld_safe
        mariadbd
        mongod --bind_ip 127.0.0.1
        memcached -u memcache
        rabbitmq-server
        minio server /data
        elasticsearch
        meilisearch
        clickhouse-server
        nats-server
        etcd
    """,
    "drop": """
        sshd -D
        /usr/sbin/sshd -D -e
        rsyslogd -n
        syslog-ng -F
        tail -F /var/log/app.log
        sleep infinity
        svlogd -tt /var/log/app
        s6-log /var/log/app
        logrotate -f /etc/logrotate.conf
        supervisord -n
    """,
}
RUNS = {
    "once": """
        uv run auth-cli users create --superuser
        tool users create-system-user
        app check --deploy
        gvmd --migrate
        gvmd --modify-setting 76374a7a --value 1000
        mail -s started root
        bundle exec rails db:migrate
        bin/rails db:prepare
        bundle exec rake db:migrate
        rake db:create db:migrate db:seed
        bundle exec rake db:seed
        python manage.py migrate --noinput
        python3 /app/manage.py migrate
        django-admin migrate
        python manage.py createsuperuser --noinput
        python manage.py loaddata fixtures.json
        alembic upgrade head
        alembic -c alembic.ini upgrade head
        python -m alembic upgrade head
        flask db upgrade
        flask --app web db upgrade
        python -m flask db upgrade
        aerich upgrade
        php artisan migrate --force
        php artisan migrate:fresh --seed
        php artisan db:seed
        php artisan tenants:migrate
        php bin/console doctrine:migrations:migrate -n
        php bin/console doctrine:schema:update --force
        bin/console doctrine:fixtures:load
        vendor/bin/phinx migrate
        vendor/bin/doctrine-migrations migrate
        php yii migrate --interactive=0
        php craft migrate/all
        prisma migrate deploy
        npx prisma migrate deploy
        npx prisma db push
        pnpm prisma db seed
        knex migrate:latest
        npx knex seed:run
        sequelize db:migrate
        npx sequelize-cli db:migrate
        typeorm migration:run -d dist/ds.js
        npx typeorm-ts-node-commonjs migration:run -d src/ds.ts
        npx mikro-orm migration:up
        npx drizzle-kit migrate
        npx drizzle-kit push
        npx db-migrate up
        npx node-pg-migrate up
        migrate-mongo up
        node ace migration:run
        npm run migrate
        yarn migrate:up
        pnpm db:migrate
        yarn workspace api db:seed
        pnpm run db:migrate
        mix ecto.migrate
        mix ecto.setup
        bin/app eval 'App.Release.migrate'
        /app/bin/app eval App.Release.migrate()
        flyway -url=jdbc:postgresql://db/app migrate
        liquibase --changelog-file=c.xml update
        goose -dir migrations postgres 'dsn' up
        goose up
        dbmate up
        dbmate --wait up
        migrate -path /migrations -database postgres://db/app up
        atlas migrate apply --url postgres://db/app
        sqitch deploy
        diesel migration run
        sqlx migrate run
        sea-orm-cli migrate up
        dotnet ef database update
        airflow db migrate
        superset db upgrade
        superset init
        odoo -u all --stop-after-init
        wp core install
        drush updatedb -y
        php occ upgrade
        gitea migrate
        hasura migrate apply
        initdb -D /data
    """,
    "prepare": """
        bundle exec rake assets:precompile
        php artisan config:cache
        php artisan storage:link
        php bin/console cache:warmup
        npx prisma generate
        composer install
        npm ci
        bundle install
    """,
    "wait": """
        gvmd --get-users
        wait-for-it.sh db:5432
        ./wait-for db:5432
        pg_isready -h db
        mysqladmin ping -h db
        dockerize -wait tcp://db:5432
        python manage.py wait_for_db
    """,
}
# What looks like something else, and what it is (None: nothing is known of it).
DECOYS = [
    ("celery -A app inspect ping", None),
    ("celery -A migrate worker", "worker"),
    ("celery -A beat.app worker -Q beat", "worker"),
    ("celery -A worker beat", "scheduler"),
    ("celery -A app worker -B", "worker"),
    ("gunicorn --name celery-worker app:app", "web"),
    ("gunicorn migrate.wsgi:application", "web"),
    ("uvicorn scheduler.main:app", "web"),
    ("uvicorn worker:app", "web"),
    ("flask --app migrate run", "web"),
    ("bundle exec puma -C config/sidekiq_web.rb", "web"),
    ("sidekiq -q migrate -q db:migrate", "worker"),
    ("python manage.py runserver --settings=app.migrate", "web"),
    ("python manage.py qcluster --name migrate", "worker"),
    ("php artisan queue:work --queue=migrate", "worker"),
    ("php artisan queue:restart", "job"),
    ("php artisan schedule:run", "job"),
    ("php artisan horizon:terminate", "job"),
    ("python worker_web.py", None),
    ("node server/worker-dashboard.js", None),
    ("node migrate-dashboard/server.js", None),
    ("java -jar migrate-ui.jar", None),
    ("rails console", None),
    ("rq info", None),
    ("redis-cli ping", "job"),
    ("next build", "job"),
    ("rails runner 'puts 1'", "job"),
    ("python manage.py shell", None),
    ("php artisan tinker", None),
    ("sh -c 'rake db:migrate && puma'", "web"),
    ("bash -c 'cd /app && exec celery -A app beat'", "scheduler"),
    ("sh -c 'while true; do rake db:migrate; done'", None),
    ("env FOO=migrate nginx", "proxy"),
    ("nice -n 5 gosu app celery -A app worker", "worker"),
    ("freshclam -d --foreground", "worker"),
    ("freshclam --quiet", "migration"),
    ("docker run -d --name pdf gotenberg/gotenberg", "worker"),
]


def lines(table):
    return [pytest.param(line.strip(), kind, id=line.strip()) for kind, text in table.items()
            for line in text.splitlines() if line.strip()]  # fmt: skip


@pytest.mark.parametrize(("line", "role"), lines(STAYS))
def test_what_stays_up(line, role):
    known = service(tuple(shlex.split(line)))
    assert known is not None
    assert known.role == role
    assert known.because


@pytest.mark.parametrize(("line", "phase"), lines(RUNS))
def test_what_runs_to_its_end(line, phase):
    known = one_off(tuple(shlex.split(line)))
    assert known is not None
    assert known.phase == phase
    assert known.because


@pytest.mark.parametrize(("line", "role"), DECOYS)
def test_a_decoy(line, role):
    known = match(tuple(shlex.split(line)))
    assert (known.role if known else None) == role


@pytest.mark.parametrize(
    ("command", "user"),
    [
        pytest.param("sudo -HEu git bundle exec rake x", "git", id="an option among others in one word"),
        pytest.param("gosu app:app puma", "app:app", id="the wrapper's own first word"),
        pytest.param("chpst -u app -e /env puma", "app", id="an option of its own"),
        pytest.param("setpriv --reuid=app --init-groups puma", "app", id="an option with its value"),
        pytest.param("sudo -u a gosu b puma", "b", id="the last of two"),
        pytest.param("env A=1 nice puma -u x", "", id="wrappers that change no user"),
        pytest.param("puma -u app", "", id="an option of the program itself"),
        pytest.param("", "", id="nothing"),
    ],
)
def test_the_user_that_a_command_changes_to(command, user):
    assert becomes(tuple(command.split())) == user


def test_a_shell_with_an_empty_word_means_nothing():
    assert match(("sh", "")) is None


@pytest.mark.parametrize(
    ("line", "stays"),
    [
        pytest.param("caddy start --config /c", "caddy run --config /c", id="a first word is swapped"),
        pytest.param("caddy run --config /c", "caddy run --config /c", id="nothing to swap"),
        pytest.param("smbd -D -s /c", "smbd -s /c -F --no-process-group", id="Samba"),
        pytest.param("nmbd --foreground", "nmbd --foreground", id="Samba that stays"),
        pytest.param(
            "./app.fcgi -l 127.0.0.1:9000 -n 5 -d", "./app.fcgi -l 127.0.0.1:9000 -n 5", id="beside an address"
        ),
        pytest.param("./app -d x.conf", "./app -d x.conf", id="an option that may mean anything"),
        pytest.param("./app --daemon --quiet", "./app --quiet", id="an option that means one thing"),
        pytest.param("docker compose up --detach", "docker compose up --detach", id="other containers"),
        pytest.param("python manage.py celery --detach -P x", "python manage.py celery -P x", id="a daemon's option"),
    ],
)
def test_the_form_that_stays_in_the_foreground(line, stays):
    assert foreground(tuple(line.split())) == tuple(stays.split())


def test_a_setting_that_stays_in_the_foreground_is_not_given_twice():
    told = ("nginx", "-g", "daemon off; error_log /dev/stderr info;")
    assert foreground(told) == told


def test_a_script_that_bears_a_programs_name_is_not_the_program():
    assert match(("bashio", "/etc/cont-init.d/nginx.sh")) is None


def test_a_worker_that_is_sent_to_the_background_is_no_migration():
    known = service(("python", "manage.py", "celery", "--loglevel=info", "--detach"))
    assert known is not None
    assert known.name == "celery worker"
    assert one_off(("python", "manage.py", "celery", "--detach")) is None


def test_two_servers_of_one_framework_are_told_apart():
    octane, reverb = (service(("php", "artisan", name)) for name in ("octane:frankenphp", "reverb:start"))
    assert octane is not None
    assert reverb is not None
    assert octane.name != reverb.name
