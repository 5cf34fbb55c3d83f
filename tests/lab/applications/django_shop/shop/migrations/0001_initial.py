"""The table of items."""

from django.db import migrations, models


class Migration(migrations.Migration):
    """As `makemigrations` wrote it."""

    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Item",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("name", models.CharField(max_length=50)),
                ("confirmed_by", models.CharField(blank=True, max_length=50)),
            ],
        ),
    ]
