// The theme that comes with the generator, in the colours of the charts.

import theme from "vitepress/theme";
import "./style.css";

export default theme;
