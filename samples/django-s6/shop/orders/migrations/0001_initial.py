from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True
    operations = [
        migrations.CreateModel(
            name="Order",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                ("item", models.CharField(max_length=100)),
                ("receipt", models.CharField(blank=True, max_length=100)),
            ],
        ),
        migrations.CreateModel(
            name="Stock",
            fields=[("id", models.BigAutoField(primary_key=True, serialize=False)), ("orders", models.IntegerField())],
        ),
    ]
