"""The development server: debug on, restarted by every change."""

from app import create_app
from app.database.in_use import announce
from app.database.upgrade import upgrade
from app.provider.address import settle
from app.shutdown import end_on_sigterm

end_on_sigterm()
app = create_app(debug=True)
upgrade(app)
settle(app)
announce(app)

if __name__ == "__main__":
    app.run(app.config["HOST"], app.config["PORT"], debug=True)
