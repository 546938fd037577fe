"""SQL that the ORM has no words for."""

from django.db import connections
from django.db.models import Func, JSONField
from django.db.models.expressions import RawSQL
from django.db.models.sql import UpdateQuery


def update_returning(queryset, names, **values):
    """Update the rows and return [(value of each name)] as they are now, in one statement.

    It is QuerySet.update() with a RETURNING behind; both of our databases have it.
    """
    fields = [queryset.model._meta.get_field(name) for name in names]
    query = queryset.query.chain(UpdateQuery)
    query.add_update_values(values)
    compiler = query.get_compiler(queryset.db)
    sql, params = compiler.as_sql()
    quote = connections[queryset.db].ops.quote_name
    with connections[queryset.db].cursor() as cursor:
        cursor.execute(f"{sql} RETURNING {', '.join(quote(field.column) for field in fields)}", params)
        rows = cursor.fetchall()
    columns = [field.get_col(queryset.model._meta.db_table) for field in fields]
    return [tuple(row) for row in compiler.apply_converters(rows, compiler.get_converters(columns))]


def free(queryset):
    """Return the keys of the rows that nobody else has locked, as a subquery that locks them.

    The ORM's own select_for_update() insists on a transaction, which one statement does not need.
    """
    sql, params = queryset.values("pk").query.sql_with_params()
    if connections[queryset.db].features.has_select_for_update_skip_locked:
        sql += " FOR UPDATE SKIP LOCKED"
    return RawSQL(sql, params)  # noqa: S611 - the ORM wrote it


class Appended(Func):
    """A JSON list with one more JSON value at its end."""

    output_field = JSONField()
    template, arg_joiner = "(%(expressions)s)", " || "

    def as_sqlite(self, compiler, connection, **context):
        """Write SQLite's form of it."""
        template = "JSON_INSERT(%(expressions)s)"
        return self.as_sql(compiler, connection, template=template, arg_joiner=", '$[#]', ", **context)
