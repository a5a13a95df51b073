/** The chart library, which is loaded after the rest of the page. */
declare const Plotly: {
  react(plot: Element, traces: object[], layout: object, settings: object): Promise<void>;
  downloadImage(plot: Element, options: { format: string; width: number; height: number; filename: string }): void;
};
interface Window {
  Plotly?: typeof Plotly;
}
